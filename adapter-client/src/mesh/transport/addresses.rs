//! Which address of a name is connected to. Happy eyeballs (RFC 8305): the addresses are
//! tried in turn, of both families alternately, and the next one begins when the one
//! before has failed or has been silent for a quarter of a second. The first that
//! answers is taken, so that an address that drops packets costs no more than that.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// As RFC 8305 recommends.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to a host's first address that answers.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let found: Vec<_> = lookup_host((host, port)).await?.collect();
    let stream = first(alternating(found), TcpStream::connect).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// IPv6 and IPv4 in turn, beginning with the family that the resolver put first.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == preferred);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut mixed = Vec::new();
    loop {
        let pair = [one.next(), other.next()];
        if pair.iter().all(Option::is_none) {
            return mixed;
        }
        mixed.extend(pair.into_iter().flatten());
    }
}

/// The first connection that is made; the last error where none is.
async fn first<S, Fut>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> Fut,
) -> io::Result<S>
where
    Fut: Future<Output = io::Result<S>>,
{
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        if let Some(address) = next {
            let attempt = connect(address);
            attempts.push(async move { (address, attempt.await) });
        }
        let head_start = tokio::time::sleep(HEAD_START);
        tokio::pin!(head_start);
        loop {
            tokio::select! {
                biased;
                ended = attempts.next() => match ended {
                    Some((_, Ok(stream))) => return Ok(stream),
                    Some((address, Err(error))) => {
                        failure = io::Error::new(error.kind(), format!("{address}: {error}"));
                        if !is_last {
                            break;
                        }
                    }
                    None if is_last => return Err(failure),
                    None => break,
                },
                () = &mut head_start, if !is_last => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use tokio::time::Instant;

    fn address(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// Port 1 drops packets, port 2 refuses, any other answers.
    async fn dial(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => std::future::pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        }
    }

    /// A silent address costs its head start, a refusing one nothing.
    #[tokio::test(start_paused = true)]
    async fn a_silent_address_is_passed_over() {
        let began = Instant::now();
        let addresses = [1, 2, 1, 7].map(address).to_vec();
        assert_eq!(first(addresses, dial).await.ok(), Some(7));
        assert_eq!(began.elapsed(), 2 * HEAD_START);
    }

    /// Where no address answers, the error names the last one that failed.
    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_told() {
        let error = first([2, 2].map(address).to_vec(), dial).await.err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("127.0.0.1:2"), "{text}");
        assert!(first::<u16, _>(Vec::new(), dial).await.is_err());
    }

    /// Both families get their turn.
    #[test]
    fn families_alternate() {
        let six = |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        let mixed = alternating(vec![six(1), six(2), six(3), address(4)]);
        assert_eq!(mixed, [six(1), address(4), six(2), six(3)]);
    }
}
