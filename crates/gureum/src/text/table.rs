//! Columns that align on a terminal, where a Korean letter takes two places.

use unicode_width::UnicodeWidthStr;

/// Rows as lines; every column but the last is as wide as its widest cell. A cell of several lines stays in its column.
pub fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.lines().map(UnicodeWidthStr::width).max().unwrap_or(0).max(*width);
        }
    }
    let mut lines = Vec::new();
    for row in rows {
        let height = row.iter().map(|cell| cell.lines().count()).max().unwrap_or(0).max(1);
        for at in 0..height {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let text = cell.lines().nth(at).unwrap_or_default();
                line.push_str(text);
                line.push_str(&" ".repeat(width - text.width() + 2));
            }
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let rows = [["포트", "4566"], ["disk", "자유"], ["시계", "two\nlines"]].map(|row| row.map(str::to_owned));
        let shown = table(&rows);
        assert_eq!(shown, "포트  4566\ndisk  자유\n시계  two\n      lines");
        let starts: Vec<usize> =
            shown.lines().map(|line| line[..line.len() - line.trim_start().len()].width()).collect();
        assert_eq!(starts, [0, 0, 0, 6]);
    }
}
