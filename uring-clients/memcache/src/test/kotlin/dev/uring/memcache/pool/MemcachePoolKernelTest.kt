package dev.uring.memcache.pool

import dev.uring.base.ConfigException
import dev.uring.client.routing.Distribution
import dev.uring.client.routing.KeyHash
import dev.uring.memcache.MemcacheConfig
import dev.uring.memcache.MemcacheConnectionException
import dev.uring.memcache.MemcacheFailure
import dev.uring.memcache.MemcacheOverloadException
import dev.uring.memcache.RealMemcached
import dev.uring.memcache.codec.Transcoder
import dev.uring.memcache.delete
import dev.uring.memcache.eventually
import dev.uring.memcache.flushAll
import dev.uring.memcache.get
import dev.uring.memcache.getAll
import dev.uring.memcache.incr
import dev.uring.memcache.memcache
import dev.uring.memcache.needsMemcached
import dev.uring.memcache.quietly
import dev.uring.memcache.routing.Node
import dev.uring.memcache.set
import dev.uring.memcache.version
import dev.uring.memcache.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

/** Several real servers as one. */
class MemcachePoolKernelTest :
    FunSpec({
        needsMemcached()

        val keys = List(300) { "pool:$it" }

        fun withServers(block: suspend dev.uring.dsl.UringScope.(List<RealMemcached>, List<PoolNode>) -> Unit) {
            val servers = List(3) { RealMemcached() }
            try {
                val nodes = servers.mapIndexed { i, real -> PoolNode(Node("node$i", 11211, 1), real.address) }
                withUring { block(servers, nodes) }
            } finally {
                servers.forEach { it.close() }
            }
        }

        test("each key is on the server that its hash says, and many are read from all servers at once") {
            withServers { servers, nodes ->
                MemcachePool(runtime, MemcachePoolConfig(nodes)).use { pool ->
                    for (key in keys) pool.set(key, "v$key")
                    val nodeOf = Distribution.KETAMA.over(nodes.map { it.node })
                    val byNode = keys.groupBy { nodeOf.applyAsInt(KeyHash.MD5.of(it.toByteArray())) }
                    byNode.size shouldBe 3
                    servers.forEachIndexed { index, real ->
                        memcache(real.address).use { it.getAll(keys).keys.toList() shouldBe byNode.getValue(index) }
                    }
                    pool.getAll(keys + "none").toList() shouldContainExactly keys.map { it to "v$it" }
                    pool.delete(keys[0]) shouldBe true
                    pool.get(keys[0]) shouldBe null
                    for ((server, part) in pool.split(keys)) server.quietly { part.forEach { set(it, "quiet") } }
                    pool.withTranscoder(Transcoder.BYTES).get(keys[1]) shouldBe "quiet".toByteArray()
                    pool.version()
                    pool.flushAll()
                    pool.getAll(keys) shouldBe emptyMap()
                    pool.snapshot().values.map { it.connects } shouldBe listOf(1L, 1L, 1L)
                    shouldThrow<IllegalStateException> { pool.quietly { } }
                }
            }
        }

        test("the keys of a server that is out fail at once") {
            withServers { servers, nodes ->
                val config = MemcachePoolConfig(nodes, ejectFor = 1.hours)
                MemcachePool(runtime, config).use { pool ->
                    for (key in keys) pool.set(key, "v")
                    servers[1].kill()
                    eventually({ "it is out" }) {
                        keys.forEach { runCatching { pool.get(it) } }
                        pool.ejected() == listOf(servers[1].address)
                    }
                    var refused = 0
                    for (key in keys) {
                        try {
                            pool.get(key) shouldBe "v"
                        } catch (failure: MemcacheConnectionException) {
                            failure.message shouldContain
                                "is out for up to 1h after failuresToEject=3 failures in a row"
                            refused++
                        }
                    }
                    refused shouldBe
                        pool
                            .split(keys)
                            .entries
                            .first { it.value.any { key -> fails(pool, key) } }
                            .value.size
                }
            }
        }

        test("a server that was out has its keys again when its time is over and it is back") {
            withServers { servers, nodes ->
                MemcachePool(runtime, MemcachePoolConfig(nodes, ejectFor = 100.milliseconds)).use { pool ->
                    val before = pool.split(keys).values.toSet()
                    servers[1].kill()
                    eventually({ "it is out" }) {
                        keys.forEach { runCatching { pool.get(it) } }
                        pool.ejected() == listOf(servers[1].address)
                    }
                    servers[1].restart()
                    eventually({ "it is back" }) { keys.all { runCatching { pool.set(it, "w") }.isSuccess } }
                    pool.split(keys).values.toSet() shouldBe before
                    memcache(servers[1].address).use { it.getAll(keys).size shouldBeGreaterThan 0 }
                }
            }
        }

        test("a server that refuses connections fails a command at once, long before the command's time is over") {
            withServers { servers, nodes ->
                val config =
                    MemcachePoolConfig(
                        nodes,
                        failuresToEject = 0,
                        each = MemcacheConfig(commandTimeout = Duration.INFINITE),
                    )
                MemcachePool(runtime, config).use { pool ->
                    for (key in keys) pool.set(key, "v")
                    servers.forEach { it.kill() }
                    // One that was under way may be told of its lost connection; whoever comes later waits for nothing.
                    for (key in keys.take(10)) shouldThrow<MemcacheConnectionException> { pool.get(key) }
                }
            }
        }

        test("the keys of a server that is out go to the others, and come back with it") {
            withServers { servers, nodes ->
                val config =
                    MemcachePoolConfig(
                        nodes,
                        failover = Failover.NEXT_NODE,
                        failuresToEject = 1,
                        ejectFor = 300.milliseconds,
                    )
                MemcachePool(runtime, config).use { pool ->
                    val before =
                        keys
                            .groupBy { key ->
                                pool.split(listOf(key)).keys.single()
                            }.values
                            .map { it.toSet() }
                            .toSet()
                    servers[2].kill()
                    // Reads are asked elsewhere by themselves; a set that was under way may be lost with its server.
                    for (key in keys) pool.get(key) shouldBe null
                    eventually({ "everything is stored" }) { keys.all { runCatching { pool.set(it, "w") }.isSuccess } }
                    pool.getAll(keys).size shouldBeGreaterThan 0
                    servers[2].restart()
                    eventually({ "it is back" }) {
                        val now =
                            keys
                                .groupBy { key ->
                                    pool.split(listOf(key)).keys.single()
                                }.values
                                .map { it.toSet() }
                                .toSet()
                        pool.ejected().isEmpty() && now == before &&
                            keys.all { runCatching { pool.set(it, "x") }.isSuccess }
                    }
                    memcache(servers[2].address).use { it.getAll(keys).size shouldBeGreaterThan 0 }
                }
            }
        }

        test("the limits are those of each server: one that is full does not hold up another") {
            withServers { servers, nodes ->
                val config = MemcachePoolConfig(nodes, each = MemcacheConfig(maxInFlight = 1, maxWaiting = 1))
                MemcachePool(runtime, config).use { pool ->
                    for (key in keys) pool.set(key, "v")
                    servers[0].signal("STOP")
                    val full = pool.split(keys).getValue(pool.servers().first()).toList()
                    val waiting = full.take(2).map { launch { pool.get(it) shouldBe "v" } }
                    eventually({ "one is under way, one waits" }) {
                        pool.snapshot().getValue(servers[0].address).let { it.inFlight == 1L && it.waiting == 1L }
                    }
                    shouldThrow<MemcacheOverloadException> { pool.get(full[2]) }.message shouldContain "maxWaiting=1"
                    for (key in keys - full.toSet()) pool.get(key) shouldBe "v"
                    servers[0].signal("CONT")
                    waiting.joinAll()
                }
            }
        }

        test("a counter is not counted twice because its server failed") {
            withServers { servers, nodes ->
                val config = MemcachePoolConfig(nodes, failover = Failover.NEXT_NODE, failuresToEject = 1)
                MemcachePool(runtime, config).use { pool ->
                    servers.forEach { it.kill() }
                    for (key in keys.take(3)) shouldThrow<MemcacheFailure> { pool.incr(key) }
                }
            }
        }

        test("a pool without servers, or with one twice, is refused") {
            shouldThrow<ConfigException> { MemcachePoolConfig(emptyList()) }
            shouldThrow<ConfigException> { MemcachePoolConfig(listOf(PoolNode.parse("a"), PoolNode.parse("a:11211"))) }
            shouldThrow<ConfigException> { MemcachePoolConfig(listOf(PoolNode.parse("a")), ejectFor = Duration.ZERO) }
            PoolNode.parse("10.0.0.1:1:3") shouldBe PoolNode(Node("10.0.0.1", 1, 3), "10.0.0.1:1")
        }
    })

private suspend fun fails(
    pool: MemcachePool,
    key: String,
) = runCatching { pool.get(key) }.isFailure
