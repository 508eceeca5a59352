//! Messages: every problem at once, each with its place, what was expected and a remedy.

#![cfg(test)]

use sluice_dqdl::{Diagnostics, Severity, parse, parse_with_warnings};

fn problems(source: &str) -> Diagnostics {
    parse(source).expect_err("the ruleset is wrong")
}

/// The line, the column and the message of each problem.
fn places(source: &str) -> Vec<(usize, usize, String)> {
    problems(source).as_slice().iter().map(|problem| (problem.line, problem.column, problem.message.clone())).collect()
}

#[test]
fn every_problem_is_reported_at_once() {
    let source = "Rules = [\n    IsComplet \"a\",\n    Completeness \"b\",\n    ColumnValues \"é\" in [1, \"2\"],\n    RowCount > 1,\n    FileSize > 3 weeks\n]\nAnalyzers = [ IsUnique \"c\" ]\n";
    let expected = "\
error at line 2, column 5: unknown rule type `IsComplet`
  |
2 |     IsComplet \"a\",
  |     ^^^^^^^^^
  = help: did you mean `IsComplete`?

error at line 3, column 5: Completeness needs a condition
  |
3 |     Completeness \"b\",
  |     ^^^^^^^^^^^^
  = expected a condition on a number, such as `> 0.9`

error at line 4, column 29: a text stands where a number is expected
  |
4 |     ColumnValues \"é\" in [1, \"2\"],
  |                             ^^^
  = help: write all operands of one condition in the same way

error at line 6, column 18: unknown unit `weeks`
  |
6 |     FileSize > 3 weeks
  |                  ^^^^^
  = expected minutes, hours, days, B, KB, MB, GB, TB

error at line 8, column 15: IsUnique yields no number, so it is no analyzer
  |
8 | Analyzers = [ IsUnique \"c\" ]
  |               ^^^^^^^^
  = help: move it to `Rules = [ … ]`";
    assert_eq!(problems(source).to_string(), expected);
}

#[test]
fn columns_count_code_points_and_excerpts_of_long_lines_are_cut() {
    let source = format!("Rules = [ IsComplete \"{}\", Foo ]", "é😀".repeat(500));
    assert_eq!(places(&source), [(1, 1026, "unknown rule type `Foo`".to_owned())]);
    let text = problems(&source).to_string();
    let lines: Vec<_> = text.lines().collect();
    let caret = lines[3].chars().position(|character| character == '^').expect("a caret");
    assert_eq!(lines[2].chars().skip(caret).collect::<String>(), "Foo ]");
    assert!(lines[2].chars().count() < 130);
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let text = problems("Rules = [ \u{1b}[31mFoo\u{7} \"a\" ]").to_string();
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
}

#[test]
fn the_end_of_the_source_is_a_place() {
    assert_eq!(places("Rules = [\n  RowCount > 1"), [(2, 15, "the ruleset ends too early".to_owned())]);
    assert_eq!(places(""), [(1, 1, "no rules or analyzers provided".to_owned())]);
}

#[test]
fn a_refused_variable_is_not_reported_again_at_its_uses() {
    let source = "v = 10\nRules = [ ColumnValues \"a\" in $v, CustomSql $v, ColumnValues \"b\" in $w ]";
    let messages: Vec<_> =
        places(source).into_iter().map(|(line, column, message)| format!("{line}:{column} {message}")).collect();
    assert_eq!(messages, ["1:5 unexpected `10`", "2:69 variable not found: w"]);
}

#[test]
fn help_says_what_to_write() {
    for (source, help) in [
        ("Rules = [ ColumnValues \"a\" > now() - 3 days ]", "put the sum in parentheses: (now() - 3 days)"),
        ("Rules = [ ColumnValues \"a\" > (now() - 3) ]", "an offset needs a unit: (now() - 3 days)"),
        (
            "Rules = [ IsComplete order-id ]",
            "names with characters other than letters, digits, `_` and `.` need double quotes around them",
        ),
        ("Rules = [ IsComplete 'a' ]", "texts stand between double quotes"),
        ("Rules = [ RowCount > 1 RowCount < 9 ]", "separate rules with `,`"),
        ("Rulez = [ RowCount > 1 ]", "did you mean `Rules`?"),
        ("Metadata = { \"version\": \"1\" }\nRules = [ RowCount > 1 ]", "did you mean `Version`?"),
        (
            "Rules = [ ColumnValues \"a\" = 1 with threshold > 0.1 where \"b\" ]",
            "`where` stands right after the condition",
        ),
        ("Analyzers = [ RowCount > 1 ]", "an analyzer has no condition; a rule in `Rules` has"),
        ("Rules = [ AllStatistics \"a\" ]", "move it to `Analyzers = [ … ]`"),
        ("Rules = [ RowCount > 1 + $v ]", "a variable holds a text or a list of texts, never a number"),
    ] {
        let problems = problems(source);
        let found: Vec<_> = problems.as_slice().iter().filter_map(|problem| problem.help.as_deref()).collect();
        assert!(found.contains(&help), "{source}\n{problems}");
    }
}

#[test]
fn warnings_do_not_refuse() {
    for (source, message) in [
        ("Rules = [ RowCount > 1 ] ]", "a closing bracket without an opening one is ignored"),
        ("Rules = [ RowCount > avrg(last(3)) ]", "unknown function `avrg`"),
        ("Rules = [ RowCount > last(3) ]", "several past values cannot be compared with one"),
    ] {
        let (ruleset, diagnostics) = parse_with_warnings(source);
        assert!(ruleset.is_some(), "{source}");
        let found: Vec<_> =
            diagnostics.as_slice().iter().map(|warning| (warning.severity, warning.message.as_str())).collect();
        assert_eq!(found, [(Severity::Warning, message)], "{source}");
    }
    let (_, diagnostics) = parse_with_warnings(
        "Rules = [ RowCount > 0.9 * avg(last(3)), RowCount > last(), RowCount > max(abs(last())) ]",
    );
    assert!(diagnostics.is_empty(), "{diagnostics}");
}

#[test]
fn a_flood_of_problems_is_cut_short() {
    let problems = problems(&format!("Rules = [ {} ]", "Foo,".repeat(5_000)));
    assert_eq!(problems.as_slice().len(), Diagnostics::MAX);
    assert!(problems.is_truncated());
    assert!(problems.to_string().ends_with("and further problems, not listed"));
}

#[test]
fn reading_goes_on_inside_an_unclosed_parenthesis() {
    let messages: Vec<_> = places("Rules = [ ((RowCount > 0, IsUnique \"a\" > 1, IsComplete \"b\" ]")
        .into_iter()
        .map(|place| place.2)
        .collect();
    assert_eq!(messages, ["unexpected `,`", "IsUnique takes no condition here"]);
}
