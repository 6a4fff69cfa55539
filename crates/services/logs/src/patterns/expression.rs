use super::InvalidPattern;
use super::scanner::Scanner;

/// Parentheses within parentheses; more are refused.
const NESTING_MAX: usize = 64;

/// Conditions joined by `&&` and `||`, `&&` binding closer.
#[derive(Debug)]
pub(super) enum Expression<C> {
    All(Vec<Expression<C>>),
    Any(Vec<Expression<C>>),
    Condition(C),
}

impl<C> Expression<C> {
    pub(super) fn scan(
        scanner: &mut Scanner<'_>,
        condition: &dyn Fn(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
    ) -> Result<Self, InvalidPattern> {
        Self::any(scanner, condition, 0)
    }

    fn any(
        scanner: &mut Scanner<'_>,
        condition: &dyn Fn(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
        depth: usize,
    ) -> Result<Self, InvalidPattern> {
        let mut parts = vec![Self::all(scanner, condition, depth)?];
        while scanner.eat("||") {
            parts.push(Self::all(scanner, condition, depth)?);
        }
        Ok(Self::joined(parts, Self::Any))
    }

    fn all(
        scanner: &mut Scanner<'_>,
        condition: &dyn Fn(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
        depth: usize,
    ) -> Result<Self, InvalidPattern> {
        let mut parts = vec![Self::one(scanner, condition, depth)?];
        while scanner.eat("&&") {
            parts.push(Self::one(scanner, condition, depth)?);
        }
        Ok(Self::joined(parts, Self::All))
    }

    fn one(
        scanner: &mut Scanner<'_>,
        condition: &dyn Fn(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
        depth: usize,
    ) -> Result<Self, InvalidPattern> {
        scanner.skip_space();
        let part = if scanner.eat("(") {
            if depth == NESTING_MAX {
                return Err(InvalidPattern::Syntax);
            }
            let inner = Self::any(scanner, condition, depth + 1)?;
            scanner.expect(")")?;
            inner
        } else {
            Self::Condition(condition(scanner)?)
        };
        scanner.skip_space();
        Ok(part)
    }

    fn joined(mut parts: Vec<Self>, join: impl Fn(Vec<Self>) -> Self) -> Self {
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                join(parts)
            }
        }
    }

    pub(super) fn holds(&self, test: &dyn Fn(&C) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(test)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(test)),
            Self::Condition(condition) => test(condition),
        }
    }

    /// Every condition, in the order of the text.
    pub(super) fn conditions(&self) -> Vec<&C> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::conditions).collect(),
            Self::Condition(condition) => vec![condition],
        }
    }
}
