use std::future::Future;
use std::sync::Arc;

use tempfile::TempDir;

use crate::chance::{Dice, SeededRng};
use crate::clock::SimClock;
use crate::disk::Disk;
use crate::functions::Play;
use crate::platform::Platform;
use crate::trace::Trace;

pub const ACCOUNT: &str = "111111111111";

/// Memory as a folder, where there is one: a simulated disk needs no real syncs.
const MEMORY_FOLDER: &str = "/dev/shm";

/// What outlives a process: time, chance, the disk and what was seen.
pub struct World {
    pub clock: SimClock,
    pub disk: Disk,
    pub trace: Trace,
    /// Concurrent executions of the account.
    pub concurrency: u32,
    pub(crate) rng: Arc<SeededRng>,
    pub(crate) folder: TempDir,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let clock = SimClock::default();
        let trace = Trace::new(clock.clone());
        let folder = tempfile::Builder::new()
            .prefix("gureum-world-")
            .tempdir_in(MEMORY_FOLDER)
            .or_else(|_| tempfile::tempdir())
            .expect("the system's temporary folder can be written");
        Self {
            disk: Disk::new(clock.clone(), Dice::new(seed, "disk"), trace.clone()),
            rng: Arc::new(SeededRng::new(Dice::new(seed, "services"))),
            clock,
            trace,
            concurrency: 1000,
            folder,
        }
    }

    /// One life of the process. When `body` answers, everything that still runs is dropped where it stands, as by
    /// `kill -9`: what was written is there next time.
    pub fn live<T, F>(&mut self, play: Arc<dyn Play>, body: impl FnOnce(Arc<Platform>) -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let clock = self.clock.clone();
        // Without timers and sockets: whoever asks tokio for real time panics.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .on_thread_park(move || clock.move_on())
            .build()
            .expect("a runtime without drivers needs nothing of the system");
        let platform = {
            let _inside = runtime.enter();
            Platform::start(self, play)
        };
        let (clock, body) = (self.clock.clone(), body(platform));
        // A task like all others: for the runtime's own future time would not wait.
        let life = runtime.spawn(async move {
            let answer = body.await;
            (answer, clock.hold())
        });
        let ended = runtime.block_on(life);
        drop(runtime);
        self.clock.forget_sleepers();
        match ended {
            Ok((answer, _held)) => answer,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Between two lives: the disk loses what it had not synced.
    pub fn cut_power(&mut self) {
        self.disk.cut_power();
    }
}
