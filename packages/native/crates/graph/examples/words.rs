//! Measures the index on a file of vectors: `cargo run --release --example words -- FILE`.
//!
//! The file: count and dimension as little-endian u32, then rows of f32. Environment: METRIC
//! (cosine, dot, l2), THREADS (build, default 2), K (10), QUERIES (2000), LIMIT (rows used),
//! CHECKPOINT (a file: loaded when it is there, else written). Prints `name=value` lines; queries
//! per second are per second of processor time. One thread searches; truth is the exact scan, which
//! the first queries check against brute force.

use std::time::Instant;

use vectron_graph::{
    BuildScratch, GraphOptions, Maintenance, Metric, SearchOutcome, SearchParams, SearchScratch,
    VectorIndex, VectorReadError, VectorSource,
};

struct Rows {
    dimension: usize,
    values: Vec<f32>,
}

impl Rows {
    fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.dimension..][..self.dimension]
    }

    fn len(&self) -> usize {
        self.values.len() / self.dimension
    }
}

impl VectorSource for Rows {
    fn read(&self, slot: u32, out: &mut [f32]) -> Result<(), VectorReadError> {
        out.copy_from_slice(self.row(slot as usize));
        Ok(())
    }
}

/// Seconds of processor time of this process: on a shared machine the wall clock tells little.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Safety: the clock exists and `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Rows in a seeded order, so that the last ones are a random sample.
fn read(path: &str) -> std::io::Result<Rows> {
    let bytes = std::fs::read(path)?;
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let (count, dimension) = (number(0) as usize, number(4) as usize);
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = 42u64;
    for at in (1..count).rev() {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        order.swap(at, (state >> 33) as usize % (at + 1));
    }
    order.truncate(setting("LIMIT", count));
    let row = |at: usize| {
        let row = &bytes[8 + at * dimension * 4..][..dimension * 4];
        row.chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().expect("four bytes")))
    };
    let values = order.into_iter().flat_map(row).collect();
    Ok(Rows { dimension, values })
}

fn build(index: &VectorIndex, rows: &Rows, threads: usize) {
    let begin = Instant::now();
    for slot in 0..rows.len() {
        index.put(slot as u32, rows.row(slot));
    }
    println!("put_s={:.2}", begin.elapsed().as_secs_f64());
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut scratch = BuildScratch::default();
                while index.link_next(&mut scratch) {}
            });
        }
    });
    println!(
        "link_s={:.2} link_cpu_s={:.2}",
        begin.elapsed().as_secs_f64(),
        cpu_seconds() - cpu
    );
    let begin = Instant::now();
    let mut scratch = BuildScratch::default();
    while index.maintain(&mut scratch) == Maintenance::Worked {}
    println!("maintain_s={:.2}", begin.elapsed().as_secs_f64());
    let bytes = index.memory_bytes() as f64 / rows.len() as f64;
    println!("bytes_per_vector={bytes:.1}");
    println!(
        "resident_bytes_per_vector={:.1}",
        resident_bytes() / rows.len() as f64
    );
}

/// The index of the checkpoint, or a new one, which then goes through the checkpoint as well.
fn open(options: GraphOptions, rows: &Rows) -> std::io::Result<VectorIndex> {
    let checkpoint: String = setting("CHECKPOINT", String::new());
    let load = || {
        let begin = Instant::now();
        let mut file = std::fs::File::open(&checkpoint).ok()?;
        let (index, _) = VectorIndex::load(options, &mut file).ok()?;
        println!("load_s={:.3}", begin.elapsed().as_secs_f64());
        Some(index)
    };
    if let Some(index) = load() {
        return Ok(index);
    }
    let index = VectorIndex::new(options);
    build(&index, rows, setting("THREADS", 2));
    if !checkpoint.is_empty() {
        let begin = Instant::now();
        index.save(0, &mut std::fs::File::create(&checkpoint)?)?;
        println!("save_s={:.3}", begin.elapsed().as_secs_f64());
    }
    Ok(load().unwrap_or(index))
}

/// Anonymous resident memory of this process, less what the rows themselves take.
fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}

fn recall(found: &SearchOutcome, truth: &SearchOutcome) -> f64 {
    let hit = |slot: u32| truth.hits.iter().any(|hit| hit.slot == slot);
    let right = found.hits.iter().filter(|found| hit(found.slot)).count();
    right as f64 / truth.hits.len() as f64
}

fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).expect("the file of vectors");
    let all = read(&path)?;
    let metric = match setting("METRIC", String::from("cosine")).as_str() {
        "dot" => Metric::Dot,
        "l2" => Metric::L2,
        _ => Metric::Cosine,
    };
    let (k, queries) = (setting("K", 10), setting("QUERIES", 2000));
    let cut = (all.len() - queries) * all.dimension;
    let queries: Vec<&[f32]> = all.values[cut..].chunks_exact(all.dimension).collect();
    let rows = Rows {
        dimension: all.dimension,
        values: all.values[..cut].to_vec(),
    };
    println!("vectors={} dimension={}", rows.len(), rows.dimension);
    let rows_resident = resident_bytes() / rows.len() as f64;
    println!("rows_resident_bytes_per_vector={rows_resident:.1}");

    let options = GraphOptions::new(rows.dimension, metric);
    let index = open(options, &rows)?;

    let params = |target_recall| SearchParams {
        k,
        target_recall,
        exclude: &[],
    };
    let mut scratch = SearchScratch::default();
    let begin = cpu_seconds();
    let mut rescored = 0;
    let truth: Vec<SearchOutcome> = queries
        .iter()
        .map(|query| {
            let outcome = index.scan(query, &params(1.0), None, &rows, &mut scratch);
            let outcome = outcome.expect("rows in memory can be read");
            rescored += outcome.rescored;
            outcome
        })
        .collect();
    println!(
        "scan_us={:.0} scan_rescored={:.1}",
        (cpu_seconds() - begin) * 1e6 / queries.len() as f64,
        rescored as f64 / queries.len() as f64
    );

    for target in [0.80, 0.90, 0.95, 0.98, 0.99, 0.995, 0.999] {
        let mut rounds = Vec::new();
        let (mut right, mut distances, mut rescored) = (0.0, 0, 0);
        for round in 0..3 {
            let begin = cpu_seconds();
            for (query, truth) in queries.iter().zip(&truth) {
                let outcome = index
                    .search(query, &params(target), None, &rows, &mut scratch)
                    .expect("rows in memory can be read");
                if round == 0 {
                    right += recall(&outcome, truth);
                    distances += outcome.distances;
                    rescored += outcome.rescored;
                }
            }
            rounds.push(cpu_seconds() - begin);
        }
        rounds.sort_by(f64::total_cmp);
        let count = queries.len() as f64;
        println!(
            "target={target} recall={:.4} qps={:.0} distances={:.0} rescored={:.1}",
            right / count,
            count / rounds[1],
            distances as f64 / count,
            rescored as f64 / count
        );
    }
    Ok(())
}
