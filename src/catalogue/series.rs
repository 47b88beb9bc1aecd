//! How many series one scrape has.

use indexmap::IndexMap;
use serde::Deserialize;

use super::version::Version;

/// Series that Prometheus itself adds to every scrape, up to 3.x without extra features: `up`,
/// `scrape_duration_seconds`, `scrape_samples_scraped`, `scrape_samples_post_metric_relabeling` and
/// `scrape_series_added`. <https://prometheus.io/docs/concepts/jobs_instances/>
pub const SERIES_OF_A_SCRAPE: usize = 5;

/// Multiple to which a limit is rounded up: a smaller step would be a precision that there is not.
const LIMIT_STEP: usize = 500;

/// What a scrape is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scraped {
    /// The exporter itself, without what it asks.
    Itself,
    /// A server on its own, or a primary.
    Primary,
    /// A replica.
    Replica,
    /// A node of a Redis Cluster.
    ClusterNode,
    /// A sentinel.
    Sentinel,
    /// An endpoint that is probed.
    Endpoint,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesFigure {
    /// What was scraped.
    pub of: Scraped,
    /// How many series it had, without the five of the scrape itself.
    pub series: usize,
    /// First version of the exporter for which it no longer holds.
    #[serde(default)]
    pub until: Option<Version>,
}

/// `series` of an exporter: how many there are, and how many there may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesFigures {
    /// How many times the figure a scrape may have before something is wrong.
    pub headroom: usize,
    /// Why so many times.
    pub why: String,
    /// Measurements; the first that fits counts.
    pub figures: Vec<SeriesFigure>,
    /// What a switch adds to each scrape of a server, by flag.
    #[serde(default)]
    pub flags: IndexMap<String, usize>,
    /// Where the figures come from.
    pub source: String,
}

impl SeriesFigures {
    /// Series of one scrape; `None` where it was not measured. An unknown version is a new one.
    pub fn of(&self, scraped: Scraped, version: Option<Version>) -> Option<usize> {
        self.figures
            .iter()
            .find(|figure| {
                let is_over = |until: Version| version.is_none_or(|version| version >= until);
                figure.of == scraped && !figure.until.is_some_and(is_over)
            })
            .map(|figure| figure.series)
    }

    /// The `sample_limit` for scrapes of about `series`.
    pub const fn limit(&self, series: usize) -> usize {
        limit(series, self.headroom)
    }
}

/// `headroom` times `series`, rounded up.
pub const fn limit(series: usize, headroom: usize) -> usize {
    series
        .saturating_mul(headroom)
        .div_ceil(LIMIT_STEP)
        .saturating_mul(LIMIT_STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_figure_that_fits_the_version_counts() {
        let figure = |series, until: Option<&str>| SeriesFigure {
            of: Scraped::Primary,
            series,
            until: until.map(|version| version.parse().unwrap()),
        };
        let figures = SeriesFigures {
            headroom: 5,
            why: String::new(),
            figures: vec![figure(467, Some("1.46")), figure(869, None)],
            flags: IndexMap::new(),
            source: String::new(),
        };
        let of = |version: &str| figures.of(Scraped::Primary, version.parse().ok());
        assert_eq!(of("1.45.0"), Some(467));
        assert_eq!(of("1.46.0"), Some(869));
        assert_eq!(figures.of(Scraped::Primary, None), Some(869));
        assert_eq!(figures.of(Scraped::Sentinel, None), None);
        assert_eq!(figures.limit(869), 4_500);
        assert_eq!(figures.limit(900), 4_500);
        assert_eq!(figures.limit(0), 0);
    }
}
