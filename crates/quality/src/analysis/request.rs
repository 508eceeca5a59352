//! What can be asked.

/// An analyzer, and the rows it looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is measured.
    pub analyzer: Analyzer,
    /// A predicate in Spark's SQL; only rows for which it is true count.
    pub where_clause: Option<String>,
}

impl Request {
    /// Over all rows.
    pub const fn all_rows(analyzer: Analyzer) -> Self {
        Self { analyzer, where_clause: None }
    }
}

/// What is measured. Columns are found by their exact name, else without backticks, else without regard to case.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Analyzer {
    /// Rows.
    Size,
    /// Columns.
    ColumnCount,
    /// Cells that are not NULL, for each row.
    Completeness(String),
    /// Rows whose values occur once, for each row with a value.
    Uniqueness(Vec<String>),
    /// Different values for each row with a value.
    Distinctness(Vec<String>),
    /// Values that occur once for each different value.
    UniqueValueRatio(Vec<String>),
    /// Different values; NULL is none.
    CountDistinct(Vec<String>),
    /// Different values; NULL is one.
    DistinctValuesCount(String),
    /// About how many different values there are (`HyperLogLog`, standard error 1.6 %).
    ApproxCountDistinct(String),
    /// Rows that have a twin; without columns, in all of them.
    DuplicateRowCount(Vec<String>),
    /// Whether each combination of values occurs once and no column is NULL.
    IsPrimaryKey(Vec<String>),
    /// Shannon's entropy, in nats.
    Entropy(String),
    /// What one column tells about another, in nats.
    MutualInformation(String, String),
    /// Pearson's correlation.
    Correlation(String, String),
    /// The sum of one column for each of another.
    RatioOfSums(String, String),
    /// Rows that satisfy a predicate in Spark's SQL, for each row.
    Compliance(String),
    /// Rows in whose text a pattern is found, for each row.
    PatternMatch(String, TextPattern),
    /// The arithmetic mean.
    Mean(String),
    /// The sum.
    Sum(String),
    /// The least number.
    Minimum(String),
    /// The greatest number.
    Maximum(String),
    /// The greatest less the least number.
    Range(String),
    /// Of the population.
    StandardDeviation(String),
    /// Of the population.
    Variance(String),
    /// Of the population.
    Skewness(String),
    /// Of the population, 0 for a normal distribution.
    Kurtosis(String),
    /// Numbers equal to zero.
    ZerosCount(String),
    /// The least number of characters.
    MinLength(String, NullLength),
    /// The greatest number of characters.
    MaxLength(String, NullLength),
    /// A quantile (0 to 1), interpolated between neighbours.
    ExactQuantile(String, f64),
    /// A value whose rank is within `relative_error` of the quantile; exact when that is 0.
    ApproxQuantile {
        /// The column.
        column: String,
        /// 0 to 1.
        quantile: f64,
        /// 0 to 1; Deequ's default is 0.01.
        relative_error: f64,
    },
    /// The third less the first quartile, interpolated.
    InterquartileRange(String),
    /// Buckets of equal width from a quantile sketch: their counts are approximate, least and greatest are exact.
    SketchedBuckets {
        /// The column.
        column: String,
        /// Values that the sketch's highest level holds (Deequ: 2048).
        sketch_size: u16,
        /// 1 to 1,000 (Deequ: 100).
        buckets: usize,
    },
    /// How often each value occurs.
    Histogram {
        /// The column.
        column: String,
        /// At most so many values are told (Deequ: 1000).
        most_bins: usize,
        /// What is counted.
        aggregate: Aggregate,
    },
    /// How many numbers fall into bins.
    BinnedHistogram(String, Bins),
    /// What cells read as.
    DataTypes(String),
}

/// What a histogram adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// Rows.
    Rows,
    /// The numbers of a column.
    Sum(String),
}

/// The bins of numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// As many of equal width, 1 to 1,000, from the least to the greatest number.
    EqualWidth(usize),
    /// Between neighbouring edges, 2 to 1,001 of them.
    Edges(Vec<f64>),
}

/// How long NULL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NullLength {
    /// It does not count.
    #[default]
    Ignored,
    /// As long as the empty text, as AWS Glue documents it.
    Zero,
    /// So short, or so long, that no condition holds.
    Extreme,
}

/// A pattern that may stand anywhere in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextPattern {
    /// A regular expression as Java writes them.
    Expression(String),
    /// An e-mail address.
    Email,
    /// A web address: http, https or ftp.
    Url,
    /// A credit card number of the large issuers, in groups or not; check digits are not computed.
    CreditCard,
    /// A social security number of the United States that can have been given out.
    SocialSecurityNumberUs,
}
