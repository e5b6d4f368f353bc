
use super::*;
#[tokio::test(flavor="multi_thread", worker_threads=2)]
async fn tmp_speed() {
    let store = Store::new().await;
    let a = store.org1();
    let s: Vec<_> = { let mut v=vec![]; for _ in 0..16 { v.push(new_session(&a).await) } v };
    for conc in [1usize, 16, 64] {
        let n = 2000/conc;
        let t = std::time::Instant::now();
        let tasks = (0..conc).map(|i| { let (a,s)=(a.clone(), s[i%16]); tokio::spawn(async move { for _ in 0..n { append(&a, input(s, &Message::user("x".repeat(600)))).await.unwrap(); } }) });
        futures::future::join_all(tasks).await;
        let e=t.elapsed();
        eprintln!("conc {conc}: {} events in {e:?} = {:.0}/s", n*conc, (n*conc) as f64/e.as_secs_f64());
    }
    use everruns_core::traits::SessionStore;
    let t=std::time::Instant::now();
    for _ in 0..500 { a.get_session(s[0]).await.unwrap(); }
    eprintln!("get_session {:?}", t.elapsed()/500);
    use everruns_core::message_retriever::MessageRetriever;
    let t=std::time::Instant::now();
    let n=a.load(s[0]).await.unwrap().len();
    eprintln!("load {n}: {:?}", t.elapsed());
}
#[tokio::test]
async fn tmp_readonly() {
    let p="/tmp/ro_probe";
    for f in ["dir_ro/new.db", "file_ro/m.db"] {
        eprintln!("{:?}", Reference::open(config(format!("sqlite:{p}/{f}"))).await.map(|_|()).map_err(|e| e.to_string()));
    }
}
