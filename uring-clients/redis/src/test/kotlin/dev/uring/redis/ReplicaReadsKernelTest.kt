package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.freePort
import dev.uring.redis.commands.get
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.set
import dev.uring.redis.sentinel.RealSentinels
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

class ReplicaReadsKernelTest :
    FunSpec({
        needsRedis()

        val masterPort = freePort()
        val servers =
            lazy {
                val master = RealRedis("--port", "$masterPort", "--repl-diskless-sync-delay", "0")
                val replica = RealRedis("--port", "${freePort()}", "--replicaof", "127.0.0.1 $masterPort")
                RealSentinels.waitUntil("the replica has copied") {
                    "master_link_status:up" in replica.admin("INFO replication")
                }
                master to replica
            }
        val master by lazy { servers.value.first }
        val replica by lazy { servers.value.second }
        afterSpec {
            if (servers.isInitialized()) {
                master.close()
                replica.close()
            }
        }

        fun gets(redis: RealRedis): Int =
            Regex("cmdstat_get:calls=(\\d+)")
                .find(redis.admin("INFO commandstats"))
                ?.groupValues
                ?.get(1)
                ?.toInt() ?: 0

        fun resetCounts() = listOf(master, replica).forEach { it.admin("CONFIG RESETSTAT") }

        test("reads go where they were told to, writes to the master, and each server answers its own") {
            resetCounts()
            withUring {
                val url = "redis://127.0.0.1:$masterPort"
                redis(url) { copy(readFrom = ReadFrom.REPLICA) }.use { client ->
                    client.set("k", "v")
                    eventually({ "the replica has it" }) { client.get("k") == "v" }
                    client.mget("k", "none") shouldBe listOf("v", null)
                    gets(master) shouldBe 0
                    gets(replica) shouldBeGreaterThan 0
                    // For other threads as well.
                    withContext(Dispatchers.Default) { client.get("k") shouldBe "v" }
                    gets(master) shouldBe 0
                }
                resetCounts()
                redis("$url?read_from=any").use { client ->
                    eventually({ "both are asked" }) {
                        client.get("k") shouldBe "v"
                        gets(master) > 0 && gets(replica) > 0
                    }
                }
                resetCounts()
                redis(url).use { client -> client.get("k") shouldBe "v" }
                gets(replica) shouldBe 0
            }
        }

        test("the master answers while the preferred replica is away, and Java's client reads from replicas too") {
            withUring {
                val own = RealRedis("--port", "${freePort()}", "--replicaof", "127.0.0.1 $masterPort")
                own.use {
                    val config = RedisConfig("127.0.0.1:$masterPort", readFrom = ReadFrom.REPLICA_PREFERRED)
                    val address =
                        "127.0.0.1:" +
                            own
                                .admin("CONFIG GET port")
                                .lines()
                                .last()
                                .trim()
                    RedisAsyncClient.create(runtime, config.copy(replicas = listOf(address))).use { client ->
                        val value = { client.execute(client.command(GET).key("p"), Reply.STRING_OR_NULL) }
                        withContext(Dispatchers.IO) {
                            master.admin("SET p v")
                            RealSentinels.waitUntil("the replica answers") {
                                value().toCompletableFuture()[20, TimeUnit.SECONDS] == "v" && gets(own) > 0
                            }
                            own.kill()
                            RealSentinels.waitUntil("the master answers") {
                                runCatching { value().toCompletableFuture()[20, TimeUnit.SECONDS] }.getOrNull() == "v"
                            }
                        }
                    }
                }
            }
        }

        test("a master without a replica says so to who reads from replicas alone") {
            RealRedis(isTcp = true).use { lonely ->
                withUring {
                    redis(
                        "redis://127.0.0.1:${lonely.port}",
                    ) { copy(readFrom = ReadFrom.REPLICA, commandTimeout = 5.seconds) }
                        .use { client ->
                            shouldThrow<RedisConnectionException> { client.get("k") }.message!! shouldContain
                                "127.0.0.1:${lonely.port} has no replica"
                            client.set("k", "v")
                        }
                }
            }
        }
    })

private val GET = Command.of("GET", Command.READONLY)
