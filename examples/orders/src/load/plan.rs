//! What is ordered: chosen by a seed, so that a run can be repeated.

use serde_json::{Value, json};

use crate::cli::Load;
use crate::payment_service::Dice;

/// All orders of a run. Each follows from the seed and its number alone.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) orders: u64,
    goods: u16,
    seed: u64,
}

/// One order, and what its customer does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) key: String,
    pub(super) body: Value,
    /// He sends it again, as if the answer had been lost.
    pub(super) twice: bool,
    /// He changes his mind at once.
    pub(super) cancels: bool,
}

impl Plan {
    pub(super) fn new(args: &Load) -> Self {
        Self { orders: args.orders, goods: args.goods, seed: args.behaviour.seed }
    }

    pub(super) fn goods(&self) -> impl Iterator<Item = String> + use<> {
        (0..u64::from(self.goods)).map(sku)
    }

    /// The key under which goods are received: a run that is repeated on the same shop
    /// does not make them more.
    pub(super) fn receipt(&self, sku: &str) -> String {
        format!("load-{}-receipt-{sku}", self.seed)
    }

    pub(super) fn order(&self, number: u64) -> Planned {
        let mut dice = Dice::new(self.seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let goods = u64::from(self.goods);
        let first = dice.below(goods);
        // Two or three lines of neighbours, never the same goods twice.
        let lines: Vec<_> = (0..goods.min(1 + dice.below(3)))
            .map(
                |line| json!({ "sku": sku((first + line) % goods), "quantity": 1 + dice.below(3) }),
            )
            .collect();
        let cents = 100 + dice.below(20_000);
        let customer = format!("customer {}", dice.below(500));
        Planned {
            key: format!("load-{}-{number}", self.seed),
            body: json!({ "customer": customer, "lines": lines, "cents": cents }),
            twice: dice.says(0.1),
            cancels: dice.says(0.05),
        }
    }
}

fn sku(number: u64) -> String {
    format!("SKU-{number:03}")
}
