//! draft
mod event;
mod ids;
mod order;
mod payment;
mod payment_service;
mod serve;
mod shipment;
mod shop;
mod stock;
mod views;
fn main() {}
