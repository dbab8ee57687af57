//! Files with one line of data for each dummy: CSV with a head, or JSON objects one a line.

/// Names of columns, and rows of as many texts.
type Data = (Vec<String>, Vec<Vec<Box<str>>>);

/// The columns and the rows of a file; its name tells which kind it is.
///
/// # Errors
/// What is wrong with it and where, for people.
pub(super) fn read(text: &str, path: &str) -> Result<Data, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (columns, rows) = if path.ends_with(".jsonl") || path.ends_with(".json") || path.ends_with(".ndjson")
    {
        json_lines(text)
    } else {
        csv(text)
    }
    .map_err(|message| format!("`{path}`: {message}"))?;
    if rows.is_empty() {
        return Err(format!("`{path}` holds no data"));
    }
    if rows.iter().flatten().any(|cell| cell.contains(char::is_control)) {
        return Err(format!("`{path}`: a value holds a control character"));
    }
    Ok((columns, rows))
}

fn json_lines(text: &str) -> Result<Data, String> {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let wrong = |what: &str| format!("line {}: {what}", at + 1);
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).map_err(|_| wrong("no JSON object"))?;
        if columns.is_empty() {
            columns = object.keys().cloned().collect();
        }
        let cell = |column: &String| match object.get(column) {
            Some(serde_json::Value::String(text)) => Ok(text.as_str().into()),
            Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
                Ok(value.to_string().into())
            }
            _ => Err(wrong(&format!("`{column}` is no text or number"))),
        };
        rows.push(
            columns
                .iter()
                .map(cell)
                .collect::<Result<Vec<Box<str>>, String>>()?,
        );
    }
    Ok((columns, rows))
}

/// CSV as in RFC 4180, but a value holds no line end: no command could.
fn csv(text: &str) -> Result<Data, String> {
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let (_, head) = lines.next().ok_or("empty")?;
    let columns: Vec<String> = cells(head)?.iter().map(|cell| cell.trim().to_owned()).collect();
    let mut rows = Vec::new();
    for (at, line) in lines {
        let row = cells(line).map_err(|what| format!("line {}: {what}", at + 1))?;
        if row.len() != columns.len() {
            return Err(format!(
                "line {}: {} values for {} columns",
                at + 1,
                row.len(),
                columns.len()
            ));
        }
        rows.push(row);
    }
    Ok((columns, rows))
}

fn cells(line: &str) -> Result<Vec<Box<str>>, String> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let mut cell = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let end = quoted.find('"').ok_or("a quote that does not end")?;
                cell.push_str(&quoted[..end]);
                quoted = &quoted[end + 1..];
                match quoted.strip_prefix('"') {
                    Some(more) => {
                        cell.push('"');
                        quoted = more;
                    }
                    None => break,
                }
            }
            rest = quoted;
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            cell.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        cells.push(cell.into());
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(cells),
            None => return Err("text behind a quoted value".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: Result<(&[&str], &[&[&str]]), &str>) {
        match (read(text, path), expected) {
            (Ok((columns, rows)), Ok((expected_columns, expected_rows))) => {
                assert_eq!(columns, expected_columns);
                let rows: Vec<Vec<&str>> = rows
                    .iter()
                    .map(|row| row.iter().map(AsRef::as_ref).collect())
                    .collect();
                assert_eq!(rows, expected_rows);
            }
            (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn csv_with_a_head() {
        check(
            "a.csv",
            "key, pw\nann,x\n\n\"b\"\"o,b\",\n",
            Ok((&["key", "pw"], &[&["ann", "x"], &["b\"o,b", ""]])),
        );
        check("a.csv", "key,pw\nann\n", Err("line 2: 1 values for 2 columns"));
        check("a.csv", "key\n\"ann\n", Err("line 2: a quote"));
        check("a.csv", "key\n\"ann\"x\n", Err("behind a quoted"));
        check("a.csv", "key\n", Err("no data"));
        check("a.csv", "", Err("empty"));
        check("a.csv", "key\na\tb\n", Err("control character"));
    }

    #[test]
    fn json_objects_one_a_line() {
        check(
            "a.jsonl",
            "{\"key\": \"ann\", \"age\": 3}\n{\"age\": 4, \"key\": \"bob\"}",
            Ok((&["age", "key"], &[&["3", "ann"], &["4", "bob"]])),
        );
        check(
            "a.jsonl",
            "{\"key\": \"ann\"}\n{\"kex\": 1}",
            Err("line 2: `key`"),
        );
        check("a.jsonl", "[1]", Err("line 1: no JSON object"));
    }
}
