package samples.redis

import dev.uring.dsl.Connection
import dev.uring.dsl.readOwned
import dev.uring.dsl.uring
import dev.uring.net.SendGuard
import dev.uring.redis.BatchResult
import dev.uring.redis.ReadFrom
import dev.uring.redis.RedisBatch
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisMeters
import dev.uring.redis.RedisScript
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.cached
import dev.uring.redis.cluster.redisCluster
import dev.uring.redis.cmd
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ValueCodec
import dev.uring.redis.commands.Aggregation
import dev.uring.redis.commands.Expiry
import dev.uring.redis.commands.IndexOptions
import dev.uring.redis.commands.IndexedType
import dev.uring.redis.commands.Reducer
import dev.uring.redis.commands.SortOrder
import dev.uring.redis.commands.dbSize
import dev.uring.redis.commands.ftCreate
import dev.uring.redis.commands.ftSearch
import dev.uring.redis.commands.get
import dev.uring.redis.commands.hgetAll
import dev.uring.redis.commands.hset
import dev.uring.redis.commands.incr
import dev.uring.redis.commands.jsonNumIncrBy
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.mset
import dev.uring.redis.commands.set
import dev.uring.redis.consumerGroup
import dev.uring.redis.ftAggregateFlow
import dev.uring.redis.getStream
import dev.uring.redis.getView
import dev.uring.redis.jsonValues
import dev.uring.redis.keyspaceEvents
import dev.uring.redis.monitor
import dev.uring.redis.pipeline
import dev.uring.redis.redis
import dev.uring.redis.scanFlow
import dev.uring.redis.script
import dev.uring.redis.server.Merge
import dev.uring.redis.server.respServer
import dev.uring.redis.setHandedOver
import dev.uring.redis.setStream
import dev.uring.redis.sharded.RedisShard
import dev.uring.redis.sharded.ShardedConfig
import dev.uring.redis.sharded.redisSharded
import dev.uring.redis.subscribe
import dev.uring.redis.transaction
import dev.uring.redis.valueCodec
import dev.uring.redis.watch
import dev.uring.tls.TlsClientOptions
import io.micrometer.core.instrument.MeterRegistry
import kotlinx.coroutines.flow.count
import kotlinx.serialization.json.Json
import java.lang.foreign.Arena
import java.nio.channels.FileChannel
import java.nio.file.Path
import kotlin.time.Duration.Companion.hours

/** Counts words: `HIT word` adds one, `TOTAL` adds up what all workers have counted. */
suspend fun counter() =
    uring {
        respServer("127.0.0.1:6380", shard = { HashMap<String, Int>() }) {
            command("HIT", arity = 2, key = 1) { reply.integer(shard.merge(text(1), 1, Int::plus)!!) }
            command("TOTAL", arity = 1, everywhere = Merge.SUM) { reply.integer(shard.values.sum()) }
        }
    }

/** Counts visits in a Redis server. */
suspend fun visits() =
    uring {
        redis("redis://127.0.0.1:6379/0").use { redis ->
            println("visit number ${redis.cmd("INCR", "visits")}")
        }
    }

/** A command that the library has no function for. */
suspend fun anyCommand(redis: RedisClient) = println(redis.cmd("OBJECT", "ENCODING", "visits"))

/** The size of a value, without a copy of it. */
suspend fun lengthOfValue(redis: RedisClient): Int = redis.getView("page") { it?.size() ?: 0 }

private val incrBy = Command.of("INCRBY")

private fun RedisBatch<String, *>.add(
    key: String,
    amount: Long,
): BatchResult<Long> = execute(command(incrBy).key(key).arg(amount), Reply.LONG)

/** Several commands in one piece, each with its own result. */
suspend fun severalAtOnce(redis: RedisClient) {
    val (visits, pages) = redis.pipeline { add("visits", 1) to add("pages", 3) }
    println("visit ${visits.value}, ${pages.value} pages")
}

/** Two changes that happen together. */
suspend fun transfer(redis: RedisClient): Long =
    redis
        .transaction {
            add("account:ann", -10)
            add("account:bob", 10)
        }.value

/** A higher bid replaces the highest one, unless somebody else was quicker: then it is looked at again. */
suspend fun bid(
    redis: RedisClient,
    amount: Long,
): Boolean =
    redis.watch("highest") {
        val highest = execute(command(Command.of("GET")).key("highest"), Reply.LONG_OR_NULL) ?: 0
        if (amount > highest) commit { add("highest", amount - highest) }
        amount > highest
    }

private val take =
    RedisScript(
        """
        local left = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
        if left > 0 then redis.call('SET', KEYS[1], left - 1) end
        return left > 0
        """.trimIndent(),
    )

/** One of a limited number of tokens, if there is one left. */
suspend fun takeToken(redis: RedisClient): Boolean =
    redis.script(take, Reply.nullable(Reply.BOOLEAN), listOf("tokens"), listOf("100")) ?: false

/** How many keys begin with `user:`. */
suspend fun countKeys(redis: RedisClient): Int = redis.scanFlow(match = "user:*", count = 1000).count()

/** Prints what is published, until it is cancelled. */
suspend fun printNews(redis: RedisClient) =
    redis.subscribe("news") { println("listening") }.collect { println("${it.channel}: ${it.payload}") }

/** Reads what seldom changes without asking for it each time, until somebody changes it. */
suspend fun cachedProfile(redis: RedisClient) =
    redis.cached(CacheConfig(entriesMax = 1000)).use { cached ->
        repeat(100) { println(cached.hgetAll("user:7")) }
        println("asked ${cached.snapshot().misses} times, found ${cached.snapshot().hits} times")
    }

/** The master of a group that sentinels watch, wherever it is, and its replicas for reading. */
suspend fun watchedMaster() =
    uring {
        redis("redis-sentinel://:secret@10.0.0.1,10.0.0.2,10.0.0.3/0?master=main&read_from=replica_preferred").use {
            it.set("greeting", "hello")
            println(it.get("greeting"))
        }
    }

/** A server with TLS that asks for the client's certificate, by its name. */
suspend fun encrypted(tls: TlsClientOptions) =
    uring {
        redis("rediss://ann:secret@cache.example.org:6380") { copy(tls = tls) }.use { println(it.dbSize()) }
    }

/** Commands for several nodes of a cluster, in one piece to each. */
suspend fun severalInACluster() =
    uring {
        redisCluster(
            "redis://:secret@10.0.0.1:6379",
            "10.0.0.2:6379",
        ) { copy(node = node.copy(readFrom = ReadFrom.ANY)) }.use {
            val counts = it.pipeline { List(100) { n -> incr("user:$n") } }
            println(counts.sumOf { count -> count.value })
        }
    }

/** Prints which keys expire, until it is cancelled. The server has to be told to say so. */
suspend fun printExpirations(redis: RedisClient) {
    redis.cmd("CONFIG", "SET", "notify-keyspace-events", "Kx")
    redis.keyspaceEvents("session:*").collect { println("${it.key} ${it.event}") }
}

/** Prints every command that the server executes, until it is cancelled. */
suspend fun printCommands(redis: RedisClient) = redis.monitor().collect { println("${it.client} ${it.words}") }

/** Copies a value that may be larger than the memory there is. */
suspend fun copyLargeValue(
    from: RedisClient,
    to: RedisClient,
): Long = to.setStream("backup:video", from.getStream("video"))

/** Works on orders, one of several consumers: each order is somebody's until it was dealt with. */
suspend fun workOnOrders(
    redis: RedisClient,
    consumer: String,
) = redis.consumerGroup("orders", "billing", consumer).collect { order -> println("${order.id}: ${order["total"]}") }

/** Values as JSON. */
suspend fun ordersAsJson(redis: RedisClient): Map<String, Int>? {
    val orders = redis.withCodec(RedisCodec(ValueCodec.UTF8, Json.valueCodec<Map<String, Int>>()))
    orders.set("order:7", mapOf("apples" to 3))
    return orders.get("order:7")
}

/** Shows the client's counters to a registry. */
fun showMeters(
    redis: RedisClient,
    registry: MeterRegistry,
) = RedisMeters(redis).bindTo(registry)

/** Keys over several servers that know nothing of each other; the names stay when the addresses change. */
suspend fun severalServers() =
    uring {
        val servers =
            listOf(RedisShard("redis://10.0.0.1", "cache-1"), RedisShard("redis://10.0.0.2", "cache-2", weight = 2))
        redisSharded(ShardedConfig(servers)).use { redis ->
            redis.mset("user:7" to "Ada", "user:8" to "Grace")
            println(redis.mget("user:7", "user:8"))
        }
    }

/** Stores a file that is mapped into memory, without a copy; it is unmapped when the kernel has let go of it. */
suspend fun storeMapped(
    redis: RedisClient,
    path: Path,
) {
    val arena = Arena.ofShared()
    val memory = FileChannel.open(path).use { it.map(FileChannel.MapMode.READ_ONLY, 0, it.size(), arena) }
    redis.setHandedOver("file:$path", SendGuard.of(memory, arena::close))
}

/** Stores what a connection has received, without a copy in between. */
suspend fun storeReceived(
    redis: RedisClient,
    from: Connection,
    bytes: Int,
) {
    val received = from.readOwned(bytes) ?: return
    redis.setHandedOver("upload", received, Expiry.After(1.hours))
}

/** Finds hashes by what is in them; needs a server with RediSearch. */
suspend fun searching(redis: RedisClient) {
    redis.ftCreate("books", IndexOptions().on(IndexedType.Hash).prefixes("book:")) {
        text("title").weight(5.0).sortable()
        tag("genres").separator(';')
        numeric("price").sortable()
    }
    redis.hset("book:1", mapOf("title" to "The Quick Fox", "genres" to "fable;short", "price" to "12"))
    val found =
        redis.ftSearch("books", "fox @price:[10 20]") {
            returns("title", "price")
            sortBy("price", SortOrder.Descending)
            limit(0, 10)
        }
    println("${found.total} found")
    for (book in found.documents) println("${book.id}: ${book["title"]} for ${book["price"]}")
}

/** Groups what a search finds, and goes through it however much it is. */
suspend fun aggregating(redis: RedisClient) {
    val byGenre =
        Aggregation()
            .groupBy("@genres", Reducer.count().alias("books"), Reducer.average("@price").alias("mean"))
            .sortBy("@books", SortOrder.Descending)
    redis.ftAggregateFlow("books", "*", byGenre).collect { row ->
        println("${row["genres"]}: ${row.long("books")} for ${row.double("mean")} each")
    }
}

/** A JSON document as a type of the program's own; needs a server with RedisJSON. */
suspend fun documents(redis: RedisClient): Int? {
    val documents = redis.jsonValues(Json)
    documents.jsonSet("order:7", mapOf("apples" to 3, "pears" to 1))
    redis.jsonNumIncrBy("order:7", "$.apples", 2.0)
    return documents.jsonGet<Int>("order:7", "$.apples")
}
