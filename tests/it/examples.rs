//! `examples/`: the committed bundles are what the committed profiles render.
//! `UPDATE_EXPECTED=1 cargo test --test it examples` renders them again.

use crate::program::{Program, repository, update_expected};

const EXAMPLES: [&str; 6] = [
    "alfred", "fleet", "gatewayz", "gplus", "gunicorn", "trinity",
];

#[test]
fn the_committed_bundles_are_in_sync_with_their_profiles() {
    for name in EXAMPLES {
        let profile = format!("profiles/{name}.yaml");
        let out = format!("examples/{name}");
        if update_expected() {
            let run = Program::in_directory(repository())
                .arguments(["render", &profile, "--out", &out])
                .run();
            assert_eq!(run.status, 0, "{}", run.errors);
        }
        let run = Program::in_directory(repository())
            .arguments(["render", &profile, "--out", &out, "--check"])
            .run();
        assert_eq!(
            run.status, 0,
            "{out} has drifted; run `UPDATE_EXPECTED=1 cargo test --test it examples` and read the diff\n{}{}",
            run.output, run.errors
        );
    }
}
