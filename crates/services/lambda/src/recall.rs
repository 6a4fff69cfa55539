//! What a start reads of what was there before.

use store::KeyRange;
use store::backend::Direction;

use crate::error::Error;
use crate::events::Event;
use crate::records::{EventRecord, FunctionRecord, Place, VersionRecord, places, read_place};
use crate::service::Shared;

/// Reads what was there when the server last ended: places, reservations, events, and which packages are in use.
pub fn recall(shared: &Shared) -> Result<(), Error> {
    let mut used = std::collections::BTreeSet::new();
    for (key, _) in shared.store.scan(&KeyRange::prefix(&places()), usize::MAX, Direction::Forward)? {
        let Some(place) = read_place(&key) else { continue };
        recall_functions(shared, &place, &mut used)?;
        shared.recall_provisioned(&place)?;
        recall_events(shared, &place)?;
    }
    let unused = shared.code.set_aside(|name| used.contains(name));
    if !unused.is_empty() {
        std::thread::spawn(move || {
            for folder in unused {
                // What cannot be deleted now is found again at the next start.
                let _ = std::fs::remove_dir_all(folder);
            }
        });
    }
    Ok(())
}

/// Functions of every account and region; what cannot be read counts as none.
pub fn count_functions(shared: &Shared) -> usize {
    let everywhere =
        shared.store.scan(&KeyRange::prefix(&places()), usize::MAX, Direction::Forward).unwrap_or_default();
    let count = |place: &Place| {
        let range = KeyRange::prefix(&place.functions());
        shared.store.scan(&range, usize::MAX, Direction::Forward).map_or(0, |found| found.len())
    };
    everywhere.iter().filter_map(|(key, _)| read_place(key)).map(|place| count(&place)).sum()
}

fn recall_functions(
    shared: &Shared,
    place: &Place,
    used: &mut std::collections::BTreeSet<String>,
) -> Result<(), Error> {
    let range = KeyRange::prefix(&place.functions());
    for (_, function) in shared.store.scan_records::<FunctionRecord>(&range, usize::MAX, Direction::Forward)? {
        shared.concurrency.reserve(place, &function.name, function.reserved_concurrency);
        used.extend(function.latest.blobs().iter().map(ToString::to_string));
    }
    let range = KeyRange::prefix(&place.all_versions());
    for (_, version) in shared.store.scan_records::<VersionRecord>(&range, usize::MAX, Direction::Forward)? {
        used.extend(version.blobs().iter().map(ToString::to_string));
    }
    Ok(())
}

fn recall_events(shared: &Shared, place: &Place) -> Result<(), Error> {
    if kernel::sabotaged!("accepted events are forgotten by a restart") {
        return Ok(());
    }
    let range = KeyRange::prefix(&place.events());
    for (key, record) in shared.store.scan_records::<EventRecord>(&range, usize::MAX, Direction::Forward)? {
        let parts = key.parts().unwrap_or_default();
        let [.., function, request_id] = parts.as_slice() else { continue };
        if let (Some(function), Some(request_id)) = (function.text(), request_id.text()) {
            let (function, request_id) = (function.to_owned(), request_id.to_owned());
            let (place, qualifier) = (place.clone(), record.qualifier);
            shared.events.accepted(Event { place, function, qualifier, request_id, put_off: 0 }, record.due);
        }
    }
    Ok(())
}
