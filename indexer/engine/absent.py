"""What `QdrantClient` has and `EdgeClient` lacks, and what to use in its place."""

_CLUSTER = "it is one process, not a cluster: use a server"
_SHARD_KEYS = "it is one shard: store the key in the payload, index it, and filter by it"
_SHARD_SNAPSHOTS = "a collection is one shard: use create_snapshot, list_snapshots and recover_snapshot"
_FULL_SNAPSHOTS = "make a snapshot of each collection with create_snapshot"
_EMBEDDING = "it takes vectors: embed texts and images before, such as with the package fastembed"
_CONNECTION = "it has no connection: it is this process"

ABSENT = {
    "cluster_collection_update": _CLUSTER,
    "cluster_status": _CLUSTER,
    "cluster_telemetry": _CLUSTER,
    "collection_cluster_info": _CLUSTER,
    "recover_current_peer": _CLUSTER,
    "remove_peer": _CLUSTER,
    "create_shard_key": _SHARD_KEYS,
    "delete_shard_key": _SHARD_KEYS,
    "list_shard_keys": _SHARD_KEYS,
    "create_shard_snapshot": _SHARD_SNAPSHOTS,
    "delete_shard_snapshot": _SHARD_SNAPSHOTS,
    "list_shard_snapshots": _SHARD_SNAPSHOTS,
    "recover_shard_snapshot": _SHARD_SNAPSHOTS,
    "create_full_snapshot": _FULL_SNAPSHOTS,
    "delete_full_snapshot": _FULL_SNAPSHOTS,
    "list_full_snapshots": _FULL_SNAPSHOTS,
    "get_optimizations": "it optimizes within `finish` only, which returns when that is done",
    "get_embedding_size": _EMBEDDING,
    "list_image_models": _EMBEDDING,
    "list_late_interaction_multimodal_models": _EMBEDDING,
    "list_late_interaction_text_models": _EMBEDDING,
    "list_sparse_models": _EMBEDDING,
    "list_text_models": _EMBEDDING,
    "grpc_collections": _CONNECTION,
    "grpc_points": _CONNECTION,
    "http": _CONNECTION,
    "init_options": _CONNECTION,
    "migrate": "read its points with scroll, and write them with the other client's upload_points",
}
"""Public names of `QdrantClient` by what to say of them."""
