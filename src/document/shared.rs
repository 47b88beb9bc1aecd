use std::fmt;
use std::ops::Deref;

use triomphe::ThinArc;

/// A list that many own. It takes one pointer where it is named, half of what the standard library's takes, because trees have
/// a million of them.
pub struct Shared<T>(ThinArc<(), T>);

impl<T> Shared<T> {
    /// Whether both are one list, and not only equal.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.as_ptr(), other.as_ptr())
    }

    /// Of items that are counted before the first of them is there.
    pub fn of(items: impl ExactSizeIterator<Item = T>) -> Self {
        Self(ThinArc::from_header_and_iter((), items))
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self::of(std::iter::empty())
    }
}

impl<T, const N: usize> From<[T; N]> for Shared<T> {
    fn from(items: [T; N]) -> Self {
        Self::of(items.into_iter())
    }
}

impl<T> From<Vec<T>> for Shared<T> {
    fn from(items: Vec<T>) -> Self {
        Self::of(items.into_iter())
    }
}

impl<T> FromIterator<T> for Shared<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0.slice
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(ThinArc::clone(&self.0))
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}
