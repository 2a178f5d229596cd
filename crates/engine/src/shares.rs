//! Something that is scarce, and who holds how much of it.
//!
//! While it is plentiful everyone may take what they ask for. Once it is crowded, nobody may take more than an equal
//! share: whoever holds more has to wait until others had theirs, so one key can't keep the rest out. The last eighth is
//! for those who hold nothing yet: nobody knows of them before they ask, and then it must not be too late.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that is scarce. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Shares {
    most: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    total: u64,
    /// Only those who hold something: never more than what there is to hold.
    holders: HashMap<Arc<str>, u64>,
}

/// Why nothing more can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoShareLeft {
    /// All of it is taken.
    Taken,
    /// It is crowded, and this holder has its share.
    Share,
    /// More is asked for than there is, whoever else leaves.
    Never,
}

/// What somebody holds; given back when dropped.
pub struct Hold {
    shares: Shares,
    holder: Arc<str>,
    amount: u64,
}

impl Shares {
    /// That much of it.
    pub fn new(most: u64) -> Self {
        Self { most, state: Arc::default() }
    }

    /// How much there is.
    pub fn limit(&self) -> u64 {
        self.most
    }

    /// How much is taken.
    pub fn taken(&self) -> u64 {
        self.state().total
    }

    /// Whether `holder` could take that much now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, holder: &str, amount: u64) -> Result<(), NoShareLeft> {
        self.state().check(self.most, holder, amount, 0)
    }

    /// Takes that much for `holder`.
    ///
    /// # Errors
    /// Why it can't.
    pub fn take(&self, holder: &Arc<str>, amount: u64) -> Result<Hold, NoShareLeft> {
        // Made empty and grown, so that a refused hold gives back nothing when it is dropped.
        let mut hold = Hold { shares: self.clone(), holder: Arc::clone(holder), amount: 0 };
        hold.grow(amount)?;
        Ok(hold)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// `within`: what the hold has already that is to have more.
    fn check(&self, most: u64, holder: &str, amount: u64, within: u64) -> Result<(), NoShareLeft> {
        if within.saturating_add(amount) > most {
            return Err(NoShareLeft::Never);
        }
        let total = self.total.saturating_add(amount);
        if total > most {
            return Err(NoShareLeft::Taken);
        }
        // A quarter is left free for those who have less than their share; without it a greedy holder that is quick to
        // take what comes free would never let another in.
        let crowded = total > most - most / 4;
        let own = self.holders.get(holder).copied();
        // Who asks counts as a holder; a share is at least what is asked, or a large body could never be held.
        let holders = self.holders.len() as u64 + u64::from(own.is_none());
        let share = most / holders.max(1);
        // One that has begun must be able to end, or a body could be read in part and never whole.
        let holds_another = own.is_some_and(|own| own > within);
        if holds_another && total > most - most / 8 {
            return Err(NoShareLeft::Share);
        }
        // Alone, there is nobody to share the rest with.
        if crowded && holders > 1 && own.is_some_and(|own| own.saturating_add(amount) > share) {
            return Err(NoShareLeft::Share);
        }
        Ok(())
    }
}

impl Hold {
    /// Takes more.
    ///
    /// # Errors
    /// Why it can't; then it holds what it held.
    pub fn grow(&mut self, amount: u64) -> Result<(), NoShareLeft> {
        let mut state = self.shares.state();
        state.check(self.shares.most, &self.holder, amount, self.amount)?;
        state.total += amount;
        *state.holders.entry(Arc::clone(&self.holder)).or_default() += amount;
        self.amount += amount;
        Ok(())
    }

    /// How much is held.
    pub fn amount(&self) -> u64 {
        self.amount
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.shares.state();
        state.total -= self.amount;
        if let Some(held) = state.holders.get_mut(&self.holder) {
            *held -= self.amount;
            // Who holds nothing is forgotten, and no longer counts when shares are computed.
            if *held == 0 {
                state.holders.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(name: &str) -> Arc<str> {
        Arc::from(name)
    }

    #[test]
    fn alone_one_may_take_all_but_what_is_for_newcomers() {
        let shares = Shares::new(16);
        let held: Vec<Hold> = (0..14).map(|_| shares.take(&name("a"), 1).ok().unwrap()).collect();
        assert_eq!(shares.take(&name("a"), 1).err(), Some(NoShareLeft::Share));
        let newcomers = [shares.take(&name("b"), 1).ok().unwrap(), shares.take(&name("c"), 1).ok().unwrap()];
        assert_eq!(shares.take(&name("d"), 1).err(), Some(NoShareLeft::Taken));
        drop((held, newcomers));
        assert_eq!(shares.taken(), 0);
    }

    #[test]
    fn a_greedy_holder_leaves_room_once_there_are_others() {
        let shares = Shares::new(16);
        let mut greedy: Vec<Hold> = (0..14).map(|_| shares.take(&name("a"), 1).ok().unwrap()).collect();
        let other = shares.take(&name("b"), 1).ok().unwrap();
        greedy.truncate(12);
        assert_eq!(shares.check("a", 1), Err(NoShareLeft::Share), "it holds 12 of 16, and its share is 8");
        let second = shares.take(&name("b"), 1).ok().unwrap();
        drop((other, second));
        assert_eq!(shares.check("a", 1), Ok(()), "the others are gone");
    }

    #[test]
    fn growing_counts_like_taking() {
        let shares = Shares::new(10);
        let mut hold = shares.take(&name("a"), 6).ok().unwrap();
        assert_eq!(hold.grow(5), Err(NoShareLeft::Never), "nobody holds more than there is");
        let other = shares.take(&name("b"), 2).ok().unwrap();
        assert_eq!(hold.grow(4), Err(NoShareLeft::Taken));
        drop(other);
        assert_eq!((hold.amount(), shares.taken()), (6, 6));
        hold.grow(4).unwrap();
        assert_eq!((hold.amount(), shares.taken()), (10, 10));
    }

    proptest! {
        #[test]
        fn never_more_than_there_is_and_everything_comes_back(
            most in 1_u64..50,
            steps in prop::collection::vec((0_usize..4, 0_u64..12, any::<bool>()), 1..80),
        ) {
            let shares = Shares::new(most);
            let mut held: Vec<Hold> = Vec::new();
            for (who, amount, leaves) in steps {
                if leaves && !held.is_empty() {
                    held.swap_remove(who % held.len());
                }
                held.extend(shares.take(&name(&who.to_string()), amount).ok());
                prop_assert!(shares.taken() <= most);
                prop_assert_eq!(shares.taken(), held.iter().map(Hold::amount).sum::<u64>());
            }
            held.clear();
            prop_assert_eq!(shares.taken(), 0);
            prop_assert!(shares.state().holders.is_empty());
        }
    }
}
