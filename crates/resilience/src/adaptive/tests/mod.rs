mod server;
mod simulation;

use super::*;
use crate::PolicyExt;
use server::{Load, Server, Service, watch};
use std::time::Duration;
