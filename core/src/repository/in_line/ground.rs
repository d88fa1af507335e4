//! What a call in a line decides on.

use crate::Aggregate;
use crate::fold::Folded;
use crate::repository::cache::Cache;
use crate::repository::in_line::Course;
use crate::repository::line::Footing;
use crate::repository::load::Base;
use crate::repository::{Inner, LoadError};

/// What a call has read already, and whether another writer was faster since.
pub(super) struct Known<A> {
    pub(super) base: Base<A>,
    pub(super) overtaken: bool,
}

/// A state to decide on, and the append on which it rests if that is not known
/// to be committed.
pub(super) struct Ground<A> {
    pub(super) base: Base<A>,
    pub(super) footing: Option<Footing>,
}

impl<A: Aggregate> Inner<A> {
    /// The state to decide on. Whoever is the first behind a chain that broke
    /// reads the log, with the turn in hand, so that the others need not.
    pub(super) async fn ground(
        &self,
        cache: &Cache<A>,
        course: Course<'_, A>,
        known: Option<Known<A>>,
    ) -> Result<Ground<A>, LoadError> {
        let Course { stream, patience, line, .. } = course;
        if let Some((tip, footing)) = line.tip(|tip| self.fits(tip)) {
            let base = Base { folded: cache.copy(&tip), confirmed: false };
            return Ok(Ground { base, footing: Some(footing) });
        }
        let unread = line.unread();
        let (mut base, behind) = match known {
            None => {
                let base = self.base(stream, patience).await?;
                let behind = unread.is_some() && !base.confirmed;
                (base, behind)
            }
            Some(Known { base, overtaken }) => {
                let newer = |cached: &Folded<A>| cached.version > base.folded.version;
                match self.cached(stream).filter(newer) {
                    Some(folded) => (Base { folded, confirmed: false }, unread.is_some()),
                    None => (base, overtaken || unread.is_some()),
                }
            }
        };
        if behind {
            self.catch_up(stream, &mut base, patience).await?;
        }
        if let Some(chain) = unread {
            line.has_read(chain);
        }
        Ok(Ground { base, footing: None })
    }
}
