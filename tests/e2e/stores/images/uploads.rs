//! Uploads: sent again, wrong, or broken off.

use super::{MIB, image, same};
use crate::wire::{Describes, Raw, description};
use everruns_core::traits::StoredImageInfo;
use everruns_core::typed_id::{ImageId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use futures::{Stream, StreamExt, stream};
use mortise_adapter_client::Endpoint;
use mortise_adapter_server::{AdapterSource, Scope};
use mortise_proto::convert::nested;
use mortise_proto::pb::adapter_service_server::AdapterServiceServer;
use mortise_proto::pb::create_image_request::Part;
use mortise_proto::pb::image_artifact_store_service_server::{
    ImageArtifactStoreService, ImageArtifactStoreServiceServer,
};
use mortise_proto::rpc::table::image_artifact_store_service::CREATE_IMAGE;
use mortise_proto::{CHUNK_BYTES, StoreError, pb};
use mortise_reference::Reference;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::moment;
use mortise_test_support::in_process::{adapter, reference_on, serve, split_mesh};
use prost::Message;
use serde_json::json;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::codegen::tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming};

/// The reference storage without its memory of request ids, as a plain adapter is.
struct Forgetful(Reference);

impl AdapterSource for Forgetful {
    type Adapter = <Reference as AdapterSource>::Adapter;

    fn adapter(&self, scope: &Scope) -> Self::Adapter {
        let mut scope = scope.clone();
        scope.request_id = None;
        self.0.adapter(&scope)
    }

    fn scoping(&self) -> pb::Scoping {
        self.0.scoping()
    }
}

fn message(request_id: &str, part: Part) -> pb::CreateImageRequest {
    let context = pb::CallContext {
        org_id: 1,
        request_id: request_id.into(),
        ..Default::default()
    };
    pb::CreateImageRequest {
        context: (!request_id.is_empty()).then_some(context),
        part: Some(part),
    }
}

fn header(request_id: &str, size_bytes: u64) -> pb::CreateImageRequest {
    let header = pb::NewImage {
        filename: "a".into(),
        content_type: "image/png".into(),
        metadata_json: "{}".into(),
        size_bytes,
    };
    message(request_id, Part::Header(header))
}

fn chunk(bytes: &'static [u8]) -> pb::CreateImageRequest {
    message("", Part::Chunk(bytes.into()))
}

async fn upload(
    raw: &Raw,
    messages: Vec<pb::CreateImageRequest>,
) -> Result<StoredImageInfo, StoreError> {
    let answer = raw
        .upload(CREATE_IMAGE.method.path, stream::iter(messages))
        .await?;
    let answer = pb::CreateImageResponse::decode(answer.as_slice()).unwrap();
    Ok(nested("image", answer.image).unwrap())
}

/// An upload that is sent again, after its answer or beside it, is one image: on the
/// reference storage and on an adapter that knows no request ids. The id cannot be used
/// for another change.
#[tokio::test]
async fn a_repeated_upload_is_one_image() {
    let mut servers = Vec::new();
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let reference = reference_on(database, folder.path()).await;
        let plain = serve(Forgetful(reference.clone())).await;
        servers.push((serve(reference).await, plain, folder));
    }
    for server in servers.iter().flat_map(|(one, other, _)| [one, other]) {
        let raw = Raw::connect(&server.endpoint).await;
        let messages = vec![header("same", 5), chunk(b"ab"), chunk(b""), chunk(b"cde")];
        let sent = (0..8).map(|_| upload(&raw, messages.clone()));
        let stored = futures::future::try_join_all(sent).await.unwrap();
        let last = upload(&raw, messages).await.unwrap();
        for info in &stored {
            same(info, &last);
        }
        let store = adapter(&server.endpoint).await.image_artifact_store(1);
        let found = store.unwrap().get_image(last.id).await.unwrap().unwrap();
        assert_eq!(found.data, b"abcde");

        let title = pb::UpdateSessionTitleRequest {
            context: header("same", 0).context,
            session_id: SessionId::new().to_string(),
            title: "x".into(),
        };
        let path = "/mortise.adapter.v1.SessionMutatorService/UpdateSessionTitle";
        let error = raw.call(path, &title).await.unwrap_err();
        assert_eq!(
            error.reason,
            Some(pb::ErrorReason::RequestIdReused),
            "{error}"
        );
    }
}

/// An upload that breaks the contract is refused by the field that is wrong, with what
/// it holds and what to do; one that is too large before its bytes are read.
#[tokio::test]
async fn wrong_uploads_name_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference_on(Database::Sqlite, folder.path()).await).await;
    let raw = Raw::connect(&server.endpoint).await;
    let mut not_json = header("r", 0);
    if let Some(Part::Header(header)) = &mut not_json.part {
        header.metadata_json = "{".into();
    }
    let bare = pb::CreateImageRequest {
        context: header("r", 0).context,
        part: None,
    };
    let cases = [
        (vec![], "context", "is missing"),
        (vec![header("", 0)], "context", "is missing"),
        (
            vec![header(&"r".repeat(65), 0)],
            "context.request_id",
            "65 bytes",
        ),
        (vec![bare], "header", "first message"),
        (
            vec![message("r", Part::Chunk("a".into()))],
            "header",
            "first message",
        ),
        (
            vec![header("r", 1), header("r", 1)],
            "chunk",
            "after the first message",
        ),
        (
            vec![header("r", 3), chunk(b"ab")],
            "header.size_bytes",
            "is 3, and the chunks hold 2 bytes",
        ),
        (
            vec![header("r", 1), chunk(b"a"), chunk(b"b")],
            "header.size_bytes",
            "is 1, and the chunks hold more",
        ),
        (
            vec![not_json],
            "header.metadata_json",
            "is not one JSON value",
        ),
    ];
    for (messages, field, text) in cases {
        let error = upload(&raw, messages).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (Code::InvalidArgument, Some(field)),
            "{error}"
        );
        assert!(error.message.contains(text), "{error}");
    }

    // The first message is refused while the others are still to come.
    for size_bytes in [64 * MIB as u64 + 1, u64::MAX] {
        let endless = stream::iter([header("r", size_bytes)])
            .chain(stream::repeat_with(|| chunk(&[0; 1024])));
        let refused = raw.upload(CREATE_IMAGE.method.path, endless).await;
        let error = refused.unwrap_err();
        assert_eq!(
            error.reason,
            Some(pb::ErrorReason::MessageTooLarge),
            "{error}"
        );
        assert!(
            error
                .message
                .contains(&format!("is {size_bytes}, at most 67108864 (64 MiB)")),
            "{error}"
        );
    }
    // The client does not even send it.
    let store = adapter(&server.endpoint)
        .await
        .image_artifact_store(1)
        .unwrap();
    let error = store.create_image(image(64 * MIB + 1)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("is 67108865, at most 67108864"), "{text}");
    upload(&raw, vec![header("r", 1), chunk(b"a")])
        .await
        .unwrap();
}

/// A caller that goes away in the middle of an upload has stored nothing: the same
/// change may then be made with other bytes.
#[tokio::test]
async fn half_an_upload_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference_on(Database::Sqlite, folder.path()).await).await;
    let raw = Raw::connect(&server.endpoint).await;
    let begun = stream::iter([header("r", 3), chunk(b"xy")]).chain(stream::pending());
    let both_sent = Arc::new(Notify::new());
    let (sent, mut count) = (both_sent.clone(), 0);
    let begun = begun.inspect(move |_| {
        count += 1;
        if count == 2 {
            sent.notify_one();
        }
    });
    tokio::select! {
        answer = raw.upload(CREATE_IMAGE.method.path, begun) => panic!("{answer:?}"),
        () = both_sent.notified() => {}
    }
    let info = upload(&raw, vec![header("r", 1), chunk(b"a")])
        .await
        .unwrap();
    assert_eq!(info.size_bytes, 1);
}

fn stored(size_bytes: i64) -> StoredImageInfo {
    StoredImageInfo {
        id: ImageId::new(),
        filename: String::new(),
        content_type: String::new(),
        size_bytes,
        metadata: json!({}),
        created_at: moment(),
    }
}

/// A server that is not there for the first upload and keeps what it is sent.
#[derive(Clone, Default)]
struct ComesBack {
    uploads: Arc<Mutex<Vec<Vec<pb::CreateImageRequest>>>>,
}

#[tonic::async_trait]
impl ImageArtifactStoreService for ComesBack {
    type GetImageStream = Pin<Box<dyn Stream<Item = Result<pb::GetImageResponse, Status>> + Send>>;

    async fn create_image(
        &self,
        request: Request<Streaming<pb::CreateImageRequest>>,
    ) -> Result<Response<pb::CreateImageResponse>, Status> {
        let mut messages = request.into_inner();
        let mut upload = Vec::new();
        let first = self.uploads.lock().unwrap().is_empty();
        while let Some(message) = messages.message().await? {
            upload.push(message);
            if first && upload.len() == 2 {
                break;
            }
        }
        self.uploads.lock().unwrap().push(upload);
        if first {
            return Err(Status::unavailable("restarting"));
        }
        Ok(Response::new(pb::CreateImageResponse {
            image: Some(stored(0).into()),
        }))
    }

    /// An image that lost a chunk.
    async fn get_image(
        &self,
        _request: Request<pb::GetImageRequest>,
    ) -> Result<Response<Self::GetImageStream>, Status> {
        use pb::get_image_response::Part;
        let parts = [Part::Info(stored(3).into()), Part::Chunk("ab".into())];
        let parts = parts.map(|part| Ok(pb::GetImageResponse { part: Some(part) }));
        Ok(Response::new(Box::pin(stream::iter(parts))))
    }

    async fn get_image_info(
        &self,
        _request: Request<pb::GetImageInfoRequest>,
    ) -> Result<Response<pb::GetImageInfoResponse>, Status> {
        Ok(Response::new(pb::GetImageInfoResponse::default()))
    }
}

/// An upload that found no server is sent again as a whole, under the same request
/// id; an answer that lost bytes is refused.
#[tokio::test]
async fn an_upload_is_sent_again_as_a_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint: Endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let server = ComesBack::default();
    let described = description(1, &["ImageArtifactStoreService"]);
    let served = tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(AdapterServiceServer::new(Describes(described)))
            .add_service(ImageArtifactStoreServiceServer::new(server.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let folder = tempfile::tempdir().unwrap();
    let rest = serve(reference_on(Database::Sqlite, folder.path()).await).await;
    let mesh = split_mesh(&rest.endpoint, &endpoint, &["image_artifact_store"]);
    let adapter = mesh.adapter(1).build().await.unwrap();
    let store = adapter.image_artifact_store(1).unwrap();
    let new = image(3 * CHUNK_BYTES + 1);
    store.create_image(new.clone()).await.unwrap();

    let uploads = server.uploads.lock().unwrap().clone();
    let [broken, whole] = uploads.as_slice() else {
        panic!("{} uploads", uploads.len())
    };
    assert_eq!(broken.as_slice(), &whole[..2]);
    let request_id = |message: &pb::CreateImageRequest| {
        let context = message.context.clone();
        context.map(|context| context.request_id)
    };
    assert!(request_id(&whole[0]).is_some_and(|id| !id.is_empty()));
    assert!(whole[1..].iter().all(|message| message.context.is_none()));
    let data: Vec<u8> = whole[1..]
        .iter()
        .flat_map(|message| match &message.part {
            Some(Part::Chunk(chunk)) => chunk.to_vec(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(data == new.data);
    let calls = adapter.mesh().stats();
    let call = calls.iter().find(|call| call.method == CREATE_IMAGE.method);
    assert!(call.is_some_and(|call| call.retries == 1), "{calls:?}");

    let error = store.get_image(ImageId::new()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("size_bytes: is 3, and the chunks hold 2"),
        "{text}"
    );
    served.abort();
}
