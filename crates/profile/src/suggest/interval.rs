//! Confidence intervals of a share, as Deequ computes them.

use crate::number::from_count;

/// How an interval is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntervalStrategy {
    /// A. Wald's: the normal approximation around the share.
    #[default]
    Wald,
    /// E. Wilson's score interval (1927), which holds for shares near 0 and 1.
    Wilson,
}

/// Bounds of a share, rounded to two decimals: the lower one towards 0, the upper one away from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

impl IntervalStrategy {
    /// The interval around `share` of `rows` rows, two-sided with `confidence`. `None`: an argument is no share, or
    /// there are no rows.
    pub fn interval(self, share: f64, rows: u64, confidence: f64) -> Option<Interval> {
        if !(0.0..=1.0).contains(&share) || !(0.0..1.0).contains(&confidence) || rows == 0 {
            return None;
        }
        let rows = from_count(rows);
        let z = normal_quantile(1.0 - (1.0 - confidence) / 2.0);
        let spread = share * (1.0 - share) / rows;
        let (centre, margin, factor) = match self {
            Self::Wald => (share, z * spread.sqrt(), 1.0),
            Self::Wilson => {
                let squared = z * z / rows;
                (share + squared / 2.0, z * (spread + squared / (4.0 * rows)).sqrt(), 1.0 / (1.0 + squared))
            }
        };
        Some(Interval {
            lower: two_decimals(factor * (centre - margin), false),
            upper: two_decimals(factor * (centre + margin), true),
        })
    }
}

/// `value` with two decimals, cut off or rounded away from 0, as `BigDecimal` rounds the number as it prints.
fn two_decimals(value: f64, away_from_zero: bool) -> f64 {
    let text = value.abs().to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, cut) = decimals.split_at_checked(2).unwrap_or((decimals, ""));
    let (Ok(whole), Ok(kept)) = (whole.parse::<u32>(), format!("{kept:0<2}").parse::<u32>()) else { return value };
    let up = u32::from(away_from_zero && cut.bytes().any(|digit| digit != b'0'));
    let hundredths = whole.saturating_mul(100).saturating_add(kept + up);
    (f64::from(hundredths) / 100.0).copysign(value)
}

/// The quantile of the standard normal distribution, to about seven digits (M. J. Wichura, algorithm AS 241, PPND7).
fn normal_quantile(probability: f64) -> f64 {
    let centred = probability - 0.5;
    let ratio = |r: f64, above: [f64; 4], below: [f64; 3]| {
        let [a0, a1, a2, a3] = above;
        let [b1, b2, b3] = below;
        (((a3 * r + a2) * r + a1) * r + a0) / (((b3 * r + b2) * r + b1) * r + 1.0)
    };
    if centred.abs() <= 0.425 {
        return centred
            * ratio(
                0.180_625 - centred * centred,
                [3.387_132_717_9, 50.434_271_938, 159.291_132_02, 59.109_374_720],
                [17.895_169_469, 78.757_757_664, 67.187_563_600],
            );
    }
    let tail = (-probability.min(1.0 - probability).ln()).sqrt();
    let magnitude = if tail <= 5.0 {
        ratio(
            tail - 1.6,
            [1.423_437_277_7, 2.756_815_390_0, 1.306_728_481_6, 0.170_238_211_03],
            [0.737_001_642_50, 0.120_211_329_75, 0.0],
        )
    } else {
        ratio(
            tail - 5.0,
            [6.657_905_115_0, 3.081_226_386_0, 0.428_682_943_37, 0.017_337_203_997],
            [0.241_978_942_25, 0.012_258_202_635, 0.0],
        )
    };
    magnitude.copysign(centred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        for (probability, wanted) in
            [(0.5, 0.0), (0.975, 1.959_964), (0.995, 2.575_829), (0.9, 1.281_552), (0.01, -2.326_348)]
        {
            assert!((normal_quantile(probability) - wanted).abs() < 1e-6, "{probability}");
        }
    }

    #[test]
    fn bounds_are_rounded_outward() {
        let wald = IntervalStrategy::Wald.interval(0.7, 50, 0.95).unwrap();
        assert_eq!((wald.lower, wald.upper), (0.57, 0.83));
        let wilson = IntervalStrategy::Wilson.interval(1.0, 20, 0.95).unwrap();
        assert_eq!((wilson.lower, wilson.upper), (0.83, 1.0));
        let close = |left: f64, right: f64| (left - right).abs() < 1e-12;
        assert!(close(two_decimals(0.25, true), 0.25));
        assert!(close(two_decimals(-0.001, false), 0.0));
        assert_eq!(IntervalStrategy::Wald.interval(0.5, 0, 0.95), None);
        assert_eq!(IntervalStrategy::Wald.interval(1.5, 9, 0.95), None);
    }
}
