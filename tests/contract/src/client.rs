//! Calls of any method of the contract over a [`Wire`], bounded in time and size.

use crate::wire::Wire;
use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use mortise_proto::pb::ErrorReason;
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use std::future::Future;
use std::time::Duration;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

/// The largest message that is taken, and the most of one streamed answer.
const ANSWER_BYTES_MAX: usize = 192 * 1024 * 1024;

/// What a call comes to.
pub(crate) type Answer<T> = BoxFuture<'static, Result<T, Failed>>;

/// How a call failed: the error of the contract that it is, and what the server stated,
/// which may be no reason of the contract.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) error: StoreError,
    /// The domain and the reason of the server's `ErrorInfo`.
    pub(crate) stated: Option<Box<(String, String)>>,
}

/// Makes calls. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    wire: Wire,
    token: Option<MetadataValue<Ascii>>,
    /// How long a call may take.
    pub(crate) patience: Duration,
}

// === impl Failed ===

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        Self {
            stated: info.map(|info| Box::new((info.domain.clone(), info.reason.clone()))),
            error: status.into(),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            stated: None,
        }
    }
}

// === impl Client ===

impl Client {
    pub(crate) fn new(wire: Wire, token: Option<MetadataValue<Ascii>>, patience: Duration) -> Self {
        Self {
            wire,
            token,
            patience,
        }
    }

    pub(crate) fn unary<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, request: Req) -> Answer<Rsp>
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let (client, method) = (self.clone(), rpc.method);
        self.in_time(async move {
            let mut grpc = client.ready().await?;
            let codec = ProstCodec::<Req, Rsp>::default();
            let request = client.request(request);
            Ok(grpc.unary(request, path(method), codec).await?.into_inner())
        })
    }

    /// All of a streamed answer.
    pub(crate) fn collect<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, request: Req) -> Answer<Vec<Rsp>>
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let opened = self.open(rpc, request);
        self.in_time(async move {
            let mut stream = opened.await?;
            let (mut answers, mut bytes) = (Vec::new(), 0);
            while let Some(answer) = stream.message().await? {
                // A stream that is always ready would never let the time run out.
                tokio::task::consume_budget().await;
                // Empty messages count as well.
                bytes += answer.encoded_len() + size_of::<Rsp>();
                if bytes > ANSWER_BYTES_MAX {
                    let what = "the streamed answer";
                    return Err(StoreError::too_large(what, bytes, ANSWER_BYTES_MAX).into());
                }
                answers.push(answer);
            }
            Ok(answers)
        })
    }

    /// A streamed answer, to be read by the caller.
    pub(crate) fn open<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, request: Req) -> Answer<Streaming<Rsp>>
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let (client, method) = (self.clone(), rpc.method);
        self.in_time(async move {
            let mut grpc = client.ready().await?;
            let codec = ProstCodec::<Req, Rsp>::default();
            let request = client.request(request);
            let answer = grpc.server_streaming(request, path(method), codec).await?;
            Ok(answer.into_inner())
        })
    }

    /// A streamed request.
    pub(crate) fn upload<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, parts: Vec<Req>) -> Answer<Rsp>
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let (client, method) = (self.clone(), rpc.method);
        self.in_time(async move {
            let mut grpc = client.ready().await?;
            let codec = ProstCodec::<Req, Rsp>::default();
            let request = client.request(tokio_stream::iter(parts));
            let answer = grpc.client_streaming(request, path(method), codec).await?;
            Ok(answer.into_inner())
        })
    }

    /// Streams both ways.
    pub(crate) fn exchange<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        requests: impl Stream<Item = Req> + Send + 'static,
    ) -> Answer<Streaming<Rsp>>
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let (client, method, requests) = (self.clone(), rpc.method, requests.boxed());
        self.in_time(async move {
            let mut grpc = client.ready().await?;
            let codec = ProstCodec::<Req, Rsp>::default();
            let request = client.request(requests);
            let answer = grpc.streaming(request, path(method), codec).await?;
            Ok(answer.into_inner())
        })
    }

    /// The next message of a stream; `None` at its end.
    pub(crate) async fn next<T>(&self, stream: &mut Streaming<T>) -> Result<Option<T>, Failed> {
        match tokio::time::timeout(self.patience, stream.message()).await {
            Ok(message) => message.map_err(Failed::from),
            Err(_) => Err(too_late(self.patience).into()),
        }
    }

    /// Boxed: what a call is made of would otherwise be part of every rule's type.
    fn in_time<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, Failed>> + Send + 'static,
    ) -> Answer<T> {
        let patience = self.patience;
        Box::pin(async move {
            let answer = tokio::time::timeout(patience, call).await;
            answer.unwrap_or_else(|_| Err(too_late(patience).into()))
        })
    }

    pub(crate) async fn ready(&self) -> Result<Grpc<Wire>, StoreError> {
        let mut grpc = Grpc::new(self.wire.clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX)
            .max_encoding_message_size(usize::MAX);
        grpc.ready()
            .await
            .map_err(|fault| StoreError::new(ErrorReason::Unavailable, chain(&fault)))?;
        Ok(grpc)
    }

    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        // The channel keeps it as well: this side's own lies before it, and says more.
        request.set_timeout(self.patience + Duration::from_millis(500));
        if let Some(token) = &self.token {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        request
    }
}

fn path(method: &'static Method) -> PathAndQuery {
    PathAndQuery::from_static(method.path)
}

pub(crate) fn too_late(patience: Duration) -> StoreError {
    StoreError::new(
        ErrorReason::DeadlineExceeded,
        format!("no answer within {} ms", patience.as_millis()),
    )
}

/// An error with its causes: a transport keeps what a person needs in them.
fn chain(fault: &(dyn std::error::Error + 'static)) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
