//! Evaluating alarms: each minute, those with periods below a minute each ten seconds, and a new one at once.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use kernel::Timestamp;
use store::Txn;

use crate::actions::event;
use crate::error::{Error, Result};
use crate::limits::{EVALUATED_EVERY, EVALUATED_OFTEN_EVERY};
use crate::model::alarm::{Alarm, Point, State, evaluate, points_wanted};
use crate::model::period::floor;
use crate::model::series::Series;
use crate::model::unit::Unit;
use crate::ops::{free_key, moved};
use crate::reader::Wanted;
use crate::records::{Action, Place};
use crate::service::Service;

impl Alarm {
    /// Seconds between two evaluations.
    fn every(&self) -> u32 {
        if self.period < EVALUATED_EVERY { EVALUATED_OFTEN_EVERY } else { EVALUATED_EVERY }
    }
}

impl Service {
    /// The alarm was made or changed.
    pub(crate) fn check_soon(&self, place: Place, name: String) {
        self.unchecked.lock().unwrap_or_else(PoisonError::into_inner).insert((place, name));
        self.alarms.notify_one();
    }

    pub(crate) async fn run_alarms(&self) {
        let mut checked_at = 0;
        loop {
            match self.evaluate_due(&mut checked_at).await {
                Ok(None) => self.alarms.notified().await,
                Ok(Some(next)) => {
                    let left = Timestamp::from_secs(next).since(self.wall());
                    tokio::select! {
                        biased;
                        () = self.alarms.notified() => {}
                        () = self.clock.sleep_until(self.clock.now() + left.max(Duration::from_millis(1))) => {}
                    }
                }
                Err(error) => self.recover(error).await,
            }
        }
    }

    /// Evaluates what is new, and at a new time all that is due. Answers the next time in seconds; none: there is no alarm.
    async fn evaluate_due(&self, checked_at: &mut i64) -> Result<Option<i64>> {
        let unchecked = std::mem::take(&mut *self.unchecked.lock().unwrap_or_else(PoisonError::into_inner));
        let now = floor(self.wall().secs(), EVALUATED_OFTEN_EVERY);
        let is_new_time = now != *checked_at;
        let mut next: Option<i64> = None;
        let mut due = Vec::new();
        for place in self.places()? {
            self.alarms_of(&place, |name, alarm| {
                let every = alarm.every();
                let after = floor(now, every) + i64::from(every);
                next = Some(next.map_or(after, |next| next.min(after)));
                let is_due = is_new_time && floor(now, every) > *checked_at;
                if is_due || is_in(&unchecked, &place, &name) {
                    due.push((place.clone(), name, alarm));
                }
            })?;
        }
        *checked_at = now;
        for (place, name, alarm) in due {
            self.evaluate_one(place, name, alarm).await?;
        }
        Ok(next)
    }

    async fn evaluate_one(&self, place: Place, name: String, alarm: Alarm) -> Result<()> {
        let (now, count) = (self.wall(), i64::from(points_wanted(&alarm)));
        let Some(statistic) = alarm.parsed_statistic() else { return Err(Error::Damaged) };
        let (end, period) = (floor(now.secs(), alarm.every()), i64::from(alarm.period));
        let wanted = Wanted {
            start: end - count * period,
            end,
            period: alarm.period,
            unit: alarm.unit.as_deref().map(Unit::of_name),
            values: statistic.needs_values(),
        };
        let series = Series::new(&alarm.namespace, &alarm.metric_name, alarm.dimensions.clone());
        let periods = self.read(&place, &series, wanted).await?;
        // Of several units the last counts: AWS says that such an alarm behaves unpredictably.
        let point = |start: i64| {
            let found = periods.iter().rfind(|((at, _), _)| *at == start);
            found.and_then(|(_, kept)| Some(Point { start, value: statistic.of(kept)?, samples: kept.count }))
        };
        let range: Vec<Option<Point>> = (1..=count).map(|age| point(end - age * period)).collect();
        if let Some(verdict) = evaluate(&alarm, &range, now).filter(|verdict| verdict.state != alarm.state) {
            let state = (verdict.state, verdict.reason, Some(verdict.data));
            self.change_state(place, name, Some(alarm), state).await?;
        }
        Ok(())
    }

    /// Gives an alarm a state, unless it is no longer as it was seen. State, history and what is to be done are one commit.
    /// Answers whether there is such an alarm.
    pub(crate) async fn change_state(
        &self,
        place: Place,
        name: String,
        seen: Option<Alarm>,
        (state, reason, reason_data): (State, String, Option<String>),
    ) -> Result<bool> {
        let now = self.wall().millis();
        let change = move |txn: &mut Txn| {
            let Some(before) = txn.get_record::<Alarm>(&place.alarm(&name))? else { return Ok(false) };
            if seen.is_some_and(|seen| seen != before) {
                return Ok(true);
            }
            let mut after = Alarm { state, reason, reason_data, updated_at: now, ..before.clone() };
            if before.state != state {
                after.transitioned_at = now;
                moved(txn, &place, &name, &before, &after)?;
                let actions = if after.actions_enabled { after.actions(state) } else { &[] };
                for arn in actions {
                    let event = event(&place, &name, &before, &after);
                    let action = Action { alarm: name.clone(), arn: arn.clone(), event, since: now };
                    let key = free_key(txn, |number| place.action(now, number))?;
                    txn.put_record(key, &action)?;
                }
            }
            txn.put_record(place.alarm(&name), &after)?;
            Ok::<_, Error>(true)
        };
        let found = self.store.transact(change).await?;
        self.actions.notify_one();
        Ok(found)
    }
}

fn is_in(unchecked: &BTreeSet<(Place, String)>, place: &Place, name: &str) -> bool {
    !unchecked.is_empty() && unchecked.contains(&(place.clone(), name.to_owned()))
}
