package samples.memcache

import dev.uring.dsl.uring
import dev.uring.memcache.Memcache
import dev.uring.memcache.MemcacheClient
import dev.uring.memcache.add
import dev.uring.memcache.codec.Transcoder
import dev.uring.memcache.getAll
import dev.uring.memcache.getOrCompute
import dev.uring.memcache.getStream
import dev.uring.memcache.getView
import dev.uring.memcache.incr
import dev.uring.memcache.json
import dev.uring.memcache.memcache
import dev.uring.memcache.memcacheUdp
import dev.uring.memcache.metaGet
import dev.uring.memcache.noReply
import dev.uring.memcache.pool.Failover
import dev.uring.memcache.pool.memcachePool
import dev.uring.memcache.quietly
import dev.uring.memcache.server.memcacheServer
import dev.uring.memcache.set
import dev.uring.memcache.setStream
import dev.uring.memcache.store.LruItemStore
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** Counts visits. */
suspend fun visits() =
    uring {
        memcache("127.0.0.1:11211").use { client ->
            client.add("visits", "0")
            println("visit number ${client.incr("visits")}")
        }
    }

/** A value is read where it was received. */
suspend fun lengthOfValue(client: MemcacheClient): Int = client.getView("page") { it?.size() ?: 0 }

/** Counts without waiting for the sum; whether it was counted nobody hears. */
suspend fun countWithoutWaiting(client: MemcacheClient) = client.noReply.incr("requests")

/** A value of any size, read as it comes. */
suspend fun sizeOfLargeValue(client: MemcacheClient): Long =
    client.getStream("film") { value ->
        var size = 0L
        while (value != null && value.receive { size += it.size() }) continue
        size
    }

/** A value goes from one server to another, and is never in memory whole. */
suspend fun copyLargeValue(
    from: MemcacheClient,
    to: MemcacheClient,
) = from.getStream("film") { value ->
    if (value != null) to.setStream("film", value.sizeBytes, value.pieces(), clientFlags = value.clientFlags)
}

/** Any number of keys in one round trip. */
suspend fun manyAtOnce(client: MemcacheClient): Map<String, String> = client.getAll(List(1000) { "user:$it" })

/** Stores many values, of which only failures are answered. */
suspend fun warmUp(
    client: MemcacheClient,
    pages: Map<String, String>,
): Int = client.quietly { for ((name, text) in pages) add(name, text, 10.minutes) }.notDone.size

/** What is left of the time of an item. */
suspend fun metaGetWithTtl(client: MemcacheClient): Long? =
    client
        .metaGet("page") {
            value = false
            ttl = true
        }?.ttlSeconds

/** A page that is made by one caller of all, ten seconds before everybody would have to wait for it. */
suspend fun page(
    client: Memcache<String>,
    name: String,
): String = client.getOrCompute("page:$name", expiresIn = 60.seconds, refreshBelow = 10.seconds) { render(name) }

private fun render(name: String) = "<h1>$name</h1>"

/** Values of a type of one's own. */
suspend fun users(client: MemcacheClient) {
    val users = client.withTranscoder(json<Map<String, Int>>())
    users.set("user:1", mapOf("visits" to 3), 10.minutes)
}

/** Three servers as one; when one is down its keys go to the others. */
suspend fun threeServers() =
    uring {
        memcachePool("10.0.0.1", "10.0.0.2", "10.0.0.3:11211:2") { copy(failover = Failover.NEXT_NODE) }.use { pool ->
            pool.set("greeting", "hello")
        }
    }

/** Reads without a connection. */
suspend fun overUdp() =
    uring {
        memcacheUdp("127.0.0.1", 11211, Transcoder.UTF8) { udp -> println(udp.get("greeting")) }
    }

/** A server of one's own. */
suspend fun smallServer() =
    uring {
        memcacheServer("127.0.0.1:11211") {
            valueBytesMax = 4 shl 20
            store { LruItemStore(256L shl 20) }
        }
    }
