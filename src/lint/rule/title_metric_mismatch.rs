use crate::catalogue::Topic;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::subject::{
    Relation, is_only, metric_read, product, relation, topics, topics_read, words,
};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "rule/title-metric-mismatch",
    level: Level::Warning,
    summary: "a mislabelled alert: its name speaks of something else than its expression",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        if rule.kind == RuleKind::Alerting
            && let Some(expression) = rule.expression.map(|id| facts.expression(id))
        {
            check_alert(facts, &rule.name, expression, findings);
        }
    }
    for rule in &facts.grafana_rules {
        let mut expressions = rule.queries.iter().filter_map(|query| query.expression);
        if let (Some(id), None) = (expressions.next(), expressions.next()) {
            check_alert(facts, &rule.title, facts.expression(id), findings);
        }
    }
}

fn check_alert(
    facts: &Facts<'_>,
    name: &Text,
    expression: &Expression,
    findings: &mut Findings<'_>,
) {
    if !expression.parsed.is_valid() {
        return;
    }
    let place = expression.place(
        facts.setup,
        expression.parsed[expression.parsed.root()].span,
    );
    if let Some(product) = product(facts.catalogue, name.as_str())
        .filter(|product| is_only(facts.catalogue, name.as_str(), *product))
        && let Relation::Foreign(metric, technology) =
            relation(facts.catalogue, &expression.parsed, product)
    {
        let message = format!(
            "alert `{}` says {}, but reads `{metric}`, which is of {technology}",
            name.as_str(),
            product.word
        );
        findings
            .report(name.place, message)
            .label(format!("says {}", product.word))
            .related("and reads this", place)
            .help("name the alert after what it watches, or watch what its name promises");
        return;
    }
    let mut said = topics(facts.catalogue, &words(name.as_str()));
    let mut is_slow = false;
    // Slow commands take long: how many there are says nothing of that.
    if words(name.as_str())
        .iter()
        .any(|word| matches!(word.as_str(), "slow" | "slowness" | "latency"))
    {
        said = vec![Topic::Latency];
        is_slow = true;
    }
    let Some(read) = topics_read(facts.catalogue, &expression.parsed) else {
        return;
    };
    let is_about = said.is_empty()
        || match is_slow {
            // The word `commands` in a name stands for calls and for their time; here only time counts.
            true => expression.analysis.reads.iter().any(|read| {
                read.metrics.iter().flatten().any(|name| {
                    let is_timed = ["seconds", "usec", "latenc", "duration", "slow", "ms"]
                        .iter()
                        .any(|sign| name.contains(sign));
                    is_timed
                        || facts
                            .catalogue
                            .metric(name)
                            .is_none_or(|resolved| resolved.metric.topic == Topic::Latency)
                })
            }),
            false => said.iter().any(|topic| read.contains(topic)),
        };
    if is_about {
        return;
    }
    let (metric, topic) = metric_read(facts.catalogue, expression);
    let message = format!(
        "alert `{}` speaks of {}, but `{metric}` is about {topic}",
        name.as_str(),
        said[0].as_str()
    );
    findings
        .report(name.place, message)
        .label(format!("says {}", said[0].as_str()))
        .related("and reads this", place)
        .help("name the alert after what it watches, or watch what its name promises");
}
