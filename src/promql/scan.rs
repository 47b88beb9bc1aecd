//! Where words, numbers and durations end, byte by byte as Prometheus's lexer decides it.

pub(super) const fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where what looks like a number at `start` ends, and whether it is one as far as its shape goes.
pub(super) fn scan_number(bytes: &[u8], start: usize) -> (usize, bool) {
    let at_end = |at: usize| at >= bytes.len();
    let is_one_of = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
    let mut at = start;
    let mut hexadecimal = false;
    if is_one_of(at, b"0") {
        at += 1;
        if is_one_of(at, b"xX") {
            at += 1;
            hexadecimal = true;
            if is_one_of(at, b"_") {
                at += 1;
            }
        }
    }
    let is_digit = |at: usize| {
        bytes.get(at).is_some_and(|byte| {
            if hexadecimal {
                byte.is_ascii_hexdigit()
            } else {
                byte.is_ascii_digit()
            }
        })
    };
    if is_one_of(at, b".") {
        at += 1;
    }
    if is_digit(at) {
        at += 1;
    }
    let (mut dot, mut exponent) = (false, false);
    loop {
        if is_one_of(at, b".") {
            at += 1;
            if dot {
                return (at, false);
            }
            dot = true;
            if is_one_of(at, b"_.") {
                return (at + 1, false);
            }
            if hexadecimal {
                return (at, false);
            }
        } else if is_one_of(at, b"eE") {
            // In hexadecimal this is a digit to the reader, yet Prometheus allows it only once.
            at += 1;
            if exponent {
                return (at, false);
            }
            exponent = true;
            if is_one_of(at, b"+-") {
                at += 1;
            }
            if is_one_of(at, b"._eE") {
                return (at + 1, false);
            }
            if at_end(at) {
                return (at, false);
            }
        } else if is_one_of(at, b"_") {
            at += 1;
            if is_one_of(at, b"._eE") {
                return (at + 1, false);
            }
            if at_end(at) {
                return (at, false);
            }
        } else if is_digit(at) {
            while is_digit(at) {
                at += 1;
            }
        } else {
            break;
        }
    }
    let ends = !bytes.get(at).copied().is_some_and(is_word);
    (at, ends && at > start)
}

/// Where the duration ends whose first unit stands at `at`; `None` if its shape is no duration's.
pub(super) fn scan_duration(bytes: &[u8], mut at: usize) -> Option<usize> {
    let accept = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
    if !accept(at, b"smhdwy") {
        return None;
    }
    loop {
        at += 1;
        if accept(at, b"s") {
            at += 1;
        }
        if !bytes.get(at).is_some_and(u8::is_ascii_digit) {
            break;
        }
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if !accept(at, b"smhdw") {
            return None;
        }
    }
    (!bytes.get(at).copied().is_some_and(is_word)).then_some(at)
}
