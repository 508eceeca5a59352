//! `OpenDP`'s mechanisms, with the least noise that keeps the promise. Only integers are disturbed: the discrete Laplace and
//! Gaussian distributions of Canonne, Kamath and Steinke (2020), and permute-and-flip (`McKenna` and Sheldon 2020).
//!
//! `OpenDP`'s privacy maps, which are proven, have the last word on every scale.

use opendp::accuracy::{discrete_gaussian_scale_to_accuracy, discrete_laplacian_scale_to_accuracy};
use opendp::combinators::make_zCDP_to_approxDP;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::error::Error;
use opendp::measurements::{make_gaussian, make_laplace, make_noisy_max};
use opendp::measures::{MaxDivergence, ZeroConcentratedDivergence};
use opendp::metrics::{L1Distance, L2Distance, LInfDistance};
use serde::{Deserialize, Serialize};
use sluice_common::privacy_loss::{Delta, Epsilon, PrivacyLoss};

use crate::error::ReleaseError;

/// One minus the confidence of every interval.
pub const ALPHA: f64 = 0.05;

const SEARCH_STEPS: usize = 64;

type Integers = VectorDomain<AtomDomain<i64>>;

/// Which noise, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "distribution", deny_unknown_fields)]
pub enum Noise {
    /// Discrete Laplace noise; the standard deviation is about √2 times the scale.
    Laplace {
        /// The scale, in units of the value.
        scale: f64,
    },
    /// Discrete Gaussian noise; the scale is the standard deviation.
    Gaussian {
        /// The scale, in units of the value.
        scale: f64,
    },
    /// Exponential noise on the scores of candidates, of which the best is told.
    PermuteAndFlip {
        /// The scale, in rows.
        scale: f64,
    },
}

impl Noise {
    /// The same noise, in units of the value rather than of its steps.
    pub(crate) fn times(self, step: f64) -> Self {
        match self {
            Self::Laplace { scale } => Self::Laplace { scale: scale * step },
            Self::Gaussian { scale } => Self::Gaussian { scale: scale * step },
            Self::PermuteAndFlip { scale } => Self::PermuteAndFlip { scale: scale * step },
        }
    }
}

/// Integers with noise, and how far they are off at most with 95 % confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Noisy {
    /// The integers.
    pub values: Vec<i64>,
    /// The noise.
    pub noise: Noise,
    /// Each is off by no more than this with a probability of 95 %.
    pub accuracy: f64,
}

/// Disturbs counts or sums of which one person changes at most `sensitivity` in all.
///
/// # Errors
/// When `OpenDP` refuses the parameters, or the operating system gives no randomness.
pub fn disturb(values: &Vec<i64>, sensitivity: i64, loss: PrivacyLoss, alpha: f64) -> Result<Noisy, ReleaseError> {
    if loss.delta.is_zero() {
        laplace(values, sensitivity, loss.epsilon, alpha)
    } else {
        gaussian(values, sensitivity, loss.epsilon, loss.delta, alpha)
    }
}

fn laplace(values: &Vec<i64>, sensitivity: i64, epsilon: Epsilon, alpha: f64) -> Result<Noisy, ReleaseError> {
    let epsilon = epsilon.to_f64();
    let make =
        |scale| make_laplace::<_, _, MaxDivergence>(Integers::default(), L1Distance::<i64>::default(), scale, None);
    let scale = least_scale(|scale| Ok(make(scale)?.map(&sensitivity)? <= epsilon))?;
    let values = make(scale).and_then(|mechanism| mechanism.invoke(values)).map_err(refused)?;
    let accuracy = discrete_laplacian_scale_to_accuracy(scale, alpha).map_err(refused)?;
    Ok(Noisy { values, noise: Noise::Laplace { scale }, accuracy })
}

fn gaussian(
    values: &Vec<i64>,
    sensitivity: i64,
    epsilon: Epsilon,
    delta: Delta,
    alpha: f64,
) -> Result<Noisy, ReleaseError> {
    let (epsilon, delta) = (epsilon.to_f64(), delta.to_f64());
    let make = |scale| {
        make_gaussian::<_, _, ZeroConcentratedDivergence>(
            Integers::default(),
            L2Distance::<i64>::default(),
            scale,
            None,
        )
    };
    let scale = least_scale(|scale| {
        let mechanism = make_zCDP_to_approxDP(make(scale)?)?;
        Ok(mechanism.map(&sensitivity)?.delta(epsilon)? <= delta)
    })?;
    let values = make(scale).and_then(|mechanism| mechanism.invoke(values)).map_err(refused)?;
    let accuracy = discrete_gaussian_scale_to_accuracy(scale, alpha).map_err(refused)?;
    Ok(Noisy { values, noise: Noise::Gaussian { scale }, accuracy })
}

/// The candidate with nearly the least score; one person changes each score by at most `sensitivity`.
///
/// # Errors
/// As [`disturb`].
pub fn nearly_least(scores: &[u64], sensitivity: u64, epsilon: Epsilon) -> Result<(usize, f64), ReleaseError> {
    let epsilon = epsilon.to_f64();
    let make = |scale| {
        let domain = VectorDomain::new(AtomDomain::<u64>::default()).with_size(scores.len());
        make_noisy_max(domain, LInfDistance::<u64>::default(), MaxDivergence, scale, true)
    };
    let scale = least_scale(|scale| Ok(make(scale)?.map(&sensitivity)? <= epsilon))?;
    let chosen = make(scale).and_then(|mechanism| mechanism.invoke(&scores.to_vec())).map_err(refused)?;
    Ok((chosen, scale))
}

/// The least scale that keeps a promise which more noise never breaks, to a part in 10¹⁵.
fn least_scale(keeps: impl Fn(f64) -> Result<bool, Error>) -> Result<f64, ReleaseError> {
    let mut enough = 1.0_f64;
    while !keeps(enough).map_err(refused)? {
        enough *= 2.0;
        if !enough.is_finite() {
            return Err(ReleaseError::Mechanism("no amount of noise is enough".to_owned()));
        }
    }
    let mut too_little = 0.0_f64;
    for _ in 0..SEARCH_STEPS {
        let middle = f64::midpoint(too_little, enough);
        if middle <= too_little || middle >= enough {
            break;
        }
        if keeps(middle).map_err(refused)? {
            enough = middle;
        } else {
            too_little = middle;
        }
    }
    Ok(enough)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn refused(error: Error) -> ReleaseError {
    ReleaseError::Mechanism(error.to_string())
}
