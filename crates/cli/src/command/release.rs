//! `sluice release`: differentially private answers about a dataset, within its budget.

use std::fs;
use std::io::Write;

use anyhow::{Context as _, bail};
use sluice_common::policy::{Dataset, Policy};
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_release::answer::{Answer as Answers, Estimate, Holds, Released};
use sluice_release::budget::{Directory, Given};
use sluice_release::mechanism::Noise;
use sluice_release::{Budget, BudgetError, Plan, ReleaseError, ReleaseRequest};
use sluice_stage::table;
use sluice_tabular::Reader;

use crate::args::Release;
use crate::exit::Answer;
use crate::input::Input;

pub(super) fn run(args: &Release) -> anyhow::Result<Answer> {
    let (dataset, request) = (dataset(args)?, request(args)?);
    let sha256 = request.sha256()?;
    let spec = dataset.release.as_ref().ok_or_else(|| ReleaseError::NotAllowed { dataset: dataset.name.clone() })?;
    // Datasets have an account each, so that one's answers do not use up another's.
    let open =
        || Directory::open(args.budget.join(&dataset.name)).with_context(|| format!("{}", args.budget.display()));
    let directory = open()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let budget = Budget::new(open()?, spec.budget);
    if let Some(given) = directory.answer(&request.id)? {
        if given.request_sha256 != sha256 {
            bail!("release `{}` answered other questions; choose another id", request.id);
        }
        return tell(args, &given.answer, runtime.block_on(budget.left())?, true);
    }
    let plan = Plan::new(spec, &request)?;
    let mut tallies = plan.tallies()?;
    for file in &args.files {
        let options = table::read_options(&dataset.format);
        let (source, _digesting) = Input::open(file)?.into_source_ahead(&options)?;
        let mut table = Reader::open(source, &options).with_context(|| file.clone())?;
        tallies.read(&mut table).with_context(|| file.clone())?;
    }
    match runtime.block_on(budget.spend(sha256, plan.cost())) {
        Ok(_booked) => {}
        Err(error @ BudgetError::Exhausted { .. }) => {
            drop(writeln!(std::io::stderr(), "refused: {error}"));
            return Ok(Answer::Fail);
        }
        Err(error) => return Err(error.into()),
    }
    let mut given = Given { request_sha256: sha256, answer: tallies.release()? };
    if !directory.keep(&request.id, &given)? {
        let kept = directory.answer(&request.id)?.context("the answer was kept and is gone")?;
        if kept.request_sha256 != sha256 {
            bail!("release `{}` answered other questions at this moment; choose another id", request.id);
        }
        given = kept;
    }
    tell(args, &given.answer, runtime.block_on(budget.left())?, false)
}

fn dataset(args: &Release) -> anyhow::Result<Dataset> {
    let text = fs::read_to_string(&args.policy).with_context(|| format!("{}", args.policy.display()))?;
    let policy = Policy::parse(&text).with_context(|| format!("{}", args.policy.display()))?;
    let names = || policy.datasets.iter().map(|dataset| dataset.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = policy.dataset(&args.dataset).cloned();
    found.with_context(|| format!("the policy has no dataset `{}`; it has {}", args.dataset, names()))
}

fn request(args: &Release) -> anyhow::Result<ReleaseRequest> {
    let json = fs::read(&args.request).with_context(|| format!("{}", args.request.display()))?;
    ReleaseRequest::parse(&json).with_context(|| format!("{}", args.request.display()))
}

fn tell(args: &Release, answers: &Answers, left: PrivacyLoss, is_again: bool) -> anyhow::Result<Answer> {
    let mut out = std::io::stdout().lock();
    if args.json {
        let document = serde_json::json!({ "answer": answers, "left": left, "alreadyGiven": is_again });
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
        return Ok(Answer::Pass);
    }
    for released in &answers.released {
        one(&mut out, released)?;
    }
    let cost = answers.cost;
    if is_again {
        writeln!(out, "given before, at a cost of {cost}; {left} is left")?;
    } else {
        writeln!(out, "cost {cost}; {left} is left. Intervals hold with 95 % confidence each.")?;
    }
    Ok(Answer::Pass)
}

fn one(out: &mut impl Write, released: &Released) -> std::io::Result<()> {
    let Released { name, noise, .. } = released;
    let noise: Vec<String> = noise.iter().map(described).collect();
    let noise = noise.join(" and ");
    match &released.result {
        Estimate::Number { estimate, interval } => {
            writeln!(out, "{name}: {estimate:.2}  [{:.2}, {:.2}]  {noise}", interval.low, interval.high)
        }
        Estimate::Quantile { estimate, rank_error_rows } => {
            writeln!(out, "{name}: {estimate:.2}  (off by at most {rank_error_rows:.0} rows)  {noise}")
        }
        Estimate::Bins(bins) => {
            writeln!(out, "{name}: {noise}")?;
            for bin in bins {
                let holds = match &bin.holds {
                    Holds::Value(value) => value.escape_debug().to_string(),
                    Holds::From(low, high) => format!("{low:.2} to {high:.2}"),
                    Holds::Other => "(other)".to_owned(),
                };
                writeln!(
                    out,
                    "  {holds:<24} {:>12.0}  [{:.0}, {:.0}]",
                    bin.estimate, bin.interval.low, bin.interval.high
                )?;
            }
            Ok(())
        }
    }
}

fn described(noise: &Noise) -> String {
    match noise {
        Noise::Laplace { scale } => format!("Laplace noise, scale {scale:.3}"),
        Noise::Gaussian { scale } => format!("Gaussian noise, standard deviation {scale:.3}"),
        Noise::PermuteAndFlip { scale } => format!("permute-and-flip, scale {scale:.3} rows"),
    }
}
