package dev.uring.samples

import dev.uring.dsl.uring
import dev.uring.memcache.server.memcacheServer
import dev.uring.memcache.store.LruItemStore

/** A cache that speaks Memcache, text and meta: items with expiry and cas, the least recently used go first. */
suspend fun main(args: Array<String>) =
    uring {
        val megabytes = args.getOrNull(1)?.toLong() ?: 64
        val bytesOfWorker = (megabytes shl 20) / runtime.workersCount()
        val server =
            memcacheServer(args.firstOrNull() ?: "127.0.0.1:11211") {
                store { LruItemStore(bytesOfWorker) }
            }
        println("listening on port ${server.port}")
    }
