use arcstr::ArcStr;

/// Longest text that is worth sharing, in bytes.
const SHORT: usize = 24;

/// How many texts are remembered: more than there are different keys in any of our documents. A power of two.
const PLACES: usize = 512;

/// The short texts of a document that were read last, each at the place that its hash gives: rules and dashboards say the same keys
/// and words thousands of times. A text that two others drive out again and again is merely not shared.
pub(super) struct Texts(Vec<Option<ArcStr>>);

impl Texts {
    pub(super) fn new() -> Self {
        Self(vec![None; PLACES])
    }

    /// `text`, shared where it is short.
    pub(super) fn shared(&mut self, text: &str) -> ArcStr {
        if text.len() > SHORT {
            return text.into();
        }
        let place = &mut self.0[hash(text) as usize % PLACES];
        match place {
            Some(known) if **known == *text => ArcStr::clone(known),
            _ => ArcStr::clone(place.insert(text.into())),
        }
    }
}

/// FNV-1a: nobody gains anything by texts that meet at one place.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
