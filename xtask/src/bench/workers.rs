//! Whether two threads cost more than one for the same request.

use super::rows;
use super::testbed::{Measures, Start, median, saturate};
use clap::Args;

/// Measures what a request costs with two threads on two cores, beside one on one
#[derive(Args)]
pub struct Workers {
    #[command(flatten)]
    measured: Measures,
    /// The kind of request
    #[arg(long, default_value = "chat")]
    row: String,
    /// How often
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long each time, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

const CONNECTIONS: u32 = 32;

impl Workers {
    /// Measures it.
    ///
    /// # Errors
    /// If a reply is not as it must be.
    pub fn run(self) -> anyhow::Result<()> {
        let row = rows::find(&self.row)?;
        let testbed = self.measured.testbed()?;
        let one = testbed.start("one", &Start::default())?;
        // As many threads as cores. The second core is also that of load and upstream, which makes it slower and not dearer.
        let two = testbed.start("two", &Start { cores: "0,1", ..Start::default() })?;
        let (mut ones, mut twos) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            for (baton, costs) in [(&one, &mut ones), (&two, &mut twos)] {
                let measured = saturate(&testbed.sender_to(baton), row, CONNECTIONS, self.seconds, baton.id())?;
                costs.push(measured.cpu);
            }
        }
        let ratios = twos.iter().zip(&ones).map(|(two, one)| two / one).collect();
        println!("one {:.1} µs, two {:.1} µs, ratio {:.3}", median(ones), median(twos), median(ratios));
        Ok(())
    }
}
