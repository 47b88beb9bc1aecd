//! Ports that nobody else uses.

use std::net::{Ipv4Addr, TcpListener};

use crate::Outcome;

/// Ports of one lab.
const PORTS: u16 = 32;
/// Below those that the kernel gives to outgoing connections, of which the lab makes many.
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 375;

/// Neighbouring ports, all of them free. The first is held, so that no other lab takes the same.
#[derive(Debug)]
pub struct Ports {
    first: u16,
}

impl Ports {
    /// Ports and the listener on the first one, which keeps others away for as long as it lives.
    pub fn choose() -> Outcome<(Self, TcpListener)> {
        let start = std::process::id() % u32::from(BLOCKS);
        for step in 0..BLOCKS {
            let block = (start as u16 + step) % BLOCKS;
            let first = FIRST + block * PORTS;
            let Ok(lock) = TcpListener::bind((Ipv4Addr::UNSPECIFIED, first)) else {
                continue;
            };
            let is_free = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
            if (first + 1..first + PORTS).all(is_free) {
                return Ok((Self { first }, lock));
            }
        }
        Err("there are no free ports between 20000 and 32000".into())
    }

    /// Where the lab itself listens.
    pub fn receiver(&self) -> u16 {
        self.first
    }

    pub fn prometheus(&self) -> u16 {
        self.first + 1
    }

    pub fn alertmanager(&self) -> u16 {
        self.first + 2
    }

    pub fn blackbox(&self) -> u16 {
        self.first + 3
    }

    pub fn exporter(&self) -> u16 {
        self.first + 4
    }

    /// Where the exporter of the keys listens.
    pub fn key_exporter(&self) -> u16 {
        self.first + 5
    }

    /// The Redis server or sentinel with this number, from 0 to 9.
    pub fn redis(&self, number: usize) -> u16 {
        self.first + 10 + number as u16
    }

    /// Where it talks to the rest of its cluster.
    pub fn bus(&self, number: usize) -> u16 {
        self.first + 20 + number as u16
    }
}
