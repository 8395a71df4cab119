package dev.uring.redis.sharded

import dev.uring.base.ConfigException
import dev.uring.client.routing.Distribution
import dev.uring.dsl.UringScope
import dev.uring.redis.RealRedis
import dev.uring.redis.RedisBlocking
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisConfig
import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisException
import dev.uring.redis.cmd
import dev.uring.redis.commands.RedisBlockingCommands
import dev.uring.redis.commands.dbSize
import dev.uring.redis.commands.del
import dev.uring.redis.commands.exists
import dev.uring.redis.commands.flushAll
import dev.uring.redis.commands.get
import dev.uring.redis.commands.incr
import dev.uring.redis.commands.keys
import dev.uring.redis.commands.lpush
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.mset
import dev.uring.redis.commands.rename
import dev.uring.redis.commands.set
import dev.uring.redis.commands.unlink
import dev.uring.redis.eventually
import dev.uring.redis.needsRedis
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeBetween
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** Three real servers that know nothing of each other. */
class RedisShardedKernelTest :
    FunSpec({
        needsRedis()

        val started = lazy { List(3) { RealRedis() } }
        afterSpec { if (started.isInitialized()) started.value.forEach(RealRedis::close) }

        fun config(servers: List<RealRedis> = started.value) =
            ShardedConfig(servers.mapIndexed { i, redis -> RedisShard(redis.url, "server-$i:11211") })

        fun withSharded(
            configure: ShardedConfig.() -> ShardedConfig = { this },
            servers: List<RealRedis> = started.value,
            block: suspend UringScope.(RedisSharded<String, String>) -> Unit,
        ) {
            val config = config(servers).configure()
            withUring(workers = 2) {
                redisSharded(config).use {
                    it.flushAll()
                    block(it)
                }
            }
        }

        test("keys go where every client of ketama sends them, whatever the addresses are") {
            withSharded { sharded ->
                val places = mapOf("foo" to 0, "bar" to 2, "key-1" to 1, "hello" to 2, "user:42" to 2)
                for ((key, place) in places) {
                    sharded.set(key, "value of $key")
                    sharded.serverOf(key) shouldBe sharded.servers["server-$place:11211"]
                    sharded.serverOf(key).get(key) shouldBe "value of $key"
                    sharded.get(key) shouldBe "value of $key"
                }
                sharded.servers.values.map { it.dbSize() } shouldBe listOf(1L, 1L, 3L)
            }
        }

        test("commands with many keys are split and joined, and those about all keys go to all servers") {
            withSharded { sharded ->
                val keys = List(300) { "many:$it" }
                sharded.mset(keys.associateWith { "value of $it" })
                sharded.servers.values.forEach { it.dbSize() shouldBeGreaterThan 50 }
                sharded.dbSize() shouldBe 300
                sharded.keys("many:*").toSet() shouldBe keys.toSet()
                sharded.mget(keys + "none") shouldBe keys.map { "value of $it" } + null
                sharded.mget("many:3", "none", "many:1") shouldBe listOf("value of many:3", null, "value of many:1")
                sharded.exists(keys + "none") shouldBe 300
                sharded.del(keys.take(100)) shouldBe 100
                sharded.unlink(keys) shouldBe 200
                sharded.dbSize() shouldBe 0
            }
        }

        test("what is no one server's is refused with what to do, before anything is sent") {
            withSharded { sharded ->
                shouldThrow<IllegalArgumentException> { sharded.cmd("ECHO", "x") }.message!! shouldContain
                    "RedisSharded.servers"
                shouldThrow<IllegalArgumentException> { sharded.rename("foo", "bar") }.message!! shouldContain
                    "common tag"
                sharded.set("{foo}1", "v")
                sharded.rename("{foo}1", "{foo}2")
                sharded.get("{foo}2") shouldBe "v"
            }
            withSharded({ copy(hashTags = false) }) { sharded ->
                val tagged = List(30) { "{same}$it" }
                tagged.map { sharded.serverOf(it) }.distinct().size shouldBe 3
            }
            withSharded { sharded ->
                List(30) { "{same}$it" }.map { sharded.serverOf(it) }.distinct().size shouldBe 1
                // Empty braces are no tag.
                List(30) { "{}$it" }.map { sharded.serverOf(it) }.distinct().size shouldBe 3
            }
        }

        test("a pipeline goes to all servers at once with each result in its place, and a transaction to one") {
            withSharded { sharded ->
                val (values, many, wrong) =
                    sharded.pipeline {
                        repeat(100) { set("pipe:$it", "$it") }
                        val refused = lpush("pipe:7", "x")
                        Triple(List(100) { get("pipe:$it") }, mget(List(100) { "pipe:$it" }), refused)
                    }
                values.map { it.value } shouldBe List(100) { "$it" }
                many.value shouldBe List(100) { "$it" }
                val refusal = shouldThrow<RedisException> { wrong.value }
                refusal.code shouldBe "WRONGTYPE"
                refusal.server!! shouldContain "server-"
                val counts = sharded.transaction { List(3) { incr("{tx}counter") } }
                counts.map { it.value } shouldBe listOf(1L, 2L, 3L)
                shouldThrow<IllegalArgumentException> {
                    sharded.transaction {
                        incr(
                            "foo",
                        ) to incr("bar")
                    }
                }.message!! shouldContain
                    "2 servers"
            }
        }

        test("a refusal names its server, and keys and values may have other types") {
            withSharded { sharded ->
                sharded.set("foo", "text")
                val refusal = shouldThrow<RedisException> { sharded.incr("foo") }
                refusal.message!! shouldContain "INCR: server-0:11211 (unix:"
                refusal.server!! shouldContain "server-0:11211"
                val bytes = sharded.withCodec(RedisCodec.BYTES)
                bytes.get("foo".toByteArray())!!.decodeToString() shouldBe "text"
            }
        }

        test(
            "a server that is lost fails its own keys, at once and by its name, the others' do not move, and it comes back",
        ) {
            val own = List(3) { RealRedis() }
            try {
                withSharded(servers = own) { sharded ->
                    val keys = List(60) { "lost:$it" }
                    sharded.mset(keys.associateWith { it })
                    val places = keys.map { sharded.serverOf(it) }
                    own[1].kill()
                    val gone = sharded.servers.getValue("server-1:11211")
                    for ((key, place) in keys.zip(places)) {
                        sharded.serverOf(key) shouldBe place
                        if (place == gone) {
                            eventually({ "$key fails with the server's name" }) {
                                val failure = shouldThrow<RedisConnectionException> { sharded.get(key) }
                                "server-1:11211" in failure.message!!
                            }
                        } else {
                            sharded.get(key) shouldBe key
                            sharded.set(key, "again")
                        }
                    }
                    shouldThrow<RedisConnectionException> { sharded.mget(keys) }.message!! shouldContain
                        "server-1:11211"
                    val piped = sharded.pipeline { keys.map { get(it) } }
                    piped.map { it.failure != null } shouldBe places.map { it == gone }
                    own[1].restart()
                    eventually({ "it is back, empty" }) {
                        val found = runCatching { sharded.mget(keys) }.getOrNull()
                        found?.count { it == null } == places.count { it == gone }
                    }
                    // Nobody has written its keys elsewhere meanwhile.
                    sharded.dbSize() shouldBe places.count { it != gone }.toLong()
                }
            } finally {
                own.forEach(RealRedis::close)
            }
        }

        test("a server of twice the weight has twice the keys, and reads through a cache are answered by it") {
            withSharded({
                copy(servers = servers.mapIndexed { i, server -> server.copy(weight = if (i == 0) 2 else 1) })
            }) { sharded ->
                sharded.mset(List(2000) { "w:$it" to "v" }.toMap())
                sharded.servers
                    .getValue("server-0:11211")
                    .dbSize()
                    .shouldBeBetween(800L, 1200L)
                sharded.cached().use { cached ->
                    cached.get("w:1") shouldBe "v"
                    eventually({ "the second read is answered by the cache" }) {
                        cached.get("w:1") shouldBe "v"
                        cached.cacheSnapshot().hits > 0
                    }
                    sharded.set("w:1", "other")
                    eventually({ "the change is told" }) { cached.get("w:1") == "other" }
                }
            }
        }

        test("servers that cannot be told apart, or would not be found again, are refused with the remedy") {
            shouldThrow<ConfigException> { ShardedConfig(emptyList()) }.message!! shouldContain "at least one"
            shouldThrow<ConfigException> { ShardedConfig.parse(listOf("a:1", "redis://a:1")) }.message!! shouldContain
                "servers are named twice: [a:1]; a greater share is a weight"
            shouldThrow<ConfigException> { RedisShard("a:1", "a", weight = 0) }.message!! shouldContain "weight=0 of a"
            shouldThrow<ConfigException> {
                ShardedConfig.parse(listOf("a:1")).copy(distribution = Distribution.RANDOM)
            }.message!! shouldContain "would not find again"
            val ofSentinels = RedisConfig.parse("redis-sentinel://s?master=m")
            shouldThrow<ConfigException> { RedisShard(ofSentinels) }.message!! shouldContain "needs a name"
        }

        test("Java's client gets stages, pipelines and the server of a key") {
            val config = config()
            withUring(workers = 2) {
                withContext(Dispatchers.IO) {
                    RedisAsyncSharded.create(runtime, config).use { sharded ->
                        RedisBlockingCommands.of(sharded).flushAll()
                        val done =
                            RedisBlocking.await(
                                sharded.pipeline { batch ->
                                    List(20) { batch.set("java:$it", "$it") }
                                },
                            )
                        done.map { it.value }.distinct() shouldBe listOf(true)
                        val read =
                            RedisBlocking.await(
                                sharded.pipeline { batch ->
                                    batch.mget(List(20) { "java:$it" })
                                },
                            )
                        read.value shouldBe List(20) { "$it" }
                        RedisBlocking.await(sharded.serverOf("foo").cmd("GET", "java:none")) shouldBe null
                        sharded.servers().keys shouldBe setOf("server-0:11211", "server-1:11211", "server-2:11211")
                    }
                }
            }
        }
    })
