//! draft
mod event;
mod ids;
mod order;
mod payment;
mod shipment;
mod shop;
mod stock;
mod views;
fn main() {}
