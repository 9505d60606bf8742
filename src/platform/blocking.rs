use crate::reading::ReadError;

/// Does work that waits for the system on a thread that may wait. Should it be lost, nothing is
/// answered, and whoever asked is told so.
pub(super) async fn blocking<T, W>(work: W) -> Vec<Result<T, ReadError>>
where
    T: Send + 'static,
    W: FnOnce() -> Vec<Result<T, ReadError>> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}
