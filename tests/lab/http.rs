//! As much of HTTP as the lab needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

const PATIENCE: Duration = Duration::from_secs(10);

/// The JSON that a program on this host answers.
pub fn get(port: u16, path: &str) -> Outcome<Value> {
    let answer = fetch(port, path).map_err(|error| format!("port {port}: {error}"))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| format!("port {port}: no HTTP"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(format!("{path}: {status}: {body}"));
    }
    serde_json::from_str(body).map_err(|error| format!("{path}: {error}: {body}"))
}

/// The text that a program on this host answers.
pub fn text(port: u16, path: &str) -> Outcome<String> {
    let answer = fetch(port, path).map_err(|error| format!("port {port}: {error}"))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
        _ => Err(format!("{path}: {answer}")),
    }
}

/// Whether it answers `path` with 200.
pub fn is_ready(port: u16, path: &str) -> bool {
    fetch(port, path).is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

fn fetch(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Version 1.0, so that the answer comes in one piece and ends the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A value as part of a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// What somebody asks of us.
#[derive(Debug)]
pub struct Request {
    pub path: String,
    pub body: String,
}

/// Reads a request.
pub fn request(stream: &TcpStream) -> std::io::Result<Request> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request {
        path,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Answers it.
pub fn respond(mut stream: &TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} Status\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
