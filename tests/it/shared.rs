//! Data beside the checkout that tests read where it is present.

use std::path::PathBuf;

/// `path` below the shared directory; `None`, said on standard output, where it is absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("STACKWRIGHT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let found = Some(root.join(path)).filter(|path| path.exists());
    if found.is_none() {
        println!("not run: no shared data");
    }
    found
}
