package dev.uring.memcache

import dev.uring.client.routing.Distribution
import dev.uring.client.routing.KeyHash
import dev.uring.memcache.pool.memcachePool
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.nio.file.Files

/** What the tools of libmemcached have stored our client reads, and the other way round, with the real server between them. */
class LibmemcachedToolsKernelTest :
    FunSpec({
        needsMemcached()

        test("what they store the client reads, and what the client stores they read, touch and delete").config(
            enabledOrReasonIf = { toolsThere() },
        ) {
            RealMemcached(isTcp = true).use { real ->
                val folder = Files.createTempDirectory("uring-libmemcached").toFile()
                val text = folder.resolve("theirs").apply { writeText("stored by memccp, ä\n") }
                val servers = "--servers=${real.address}"
                withClient(real) { client ->
                    tool("memccp", servers, "--flag=77", "--expire=1000", text.path)
                    client.get("theirs") shouldBe "stored by memccp, ä\n"
                    client.gets("theirs")!!.clientFlags shouldBe 77
                    client.set("ours", "stored by Uring, ä")
                    tool("memccat", servers, "ours") shouldContain "stored by Uring, ä"
                    tool("memcexist", servers, "ours")
                    tool("memctouch", servers, "--expire=1000", "ours")
                    client.metaGet("ours") { ttl = true }!!.ttlSeconds!!.toInt() shouldBeGreaterThan 900
                    tool("memcrm", servers, "ours")
                    client.get("ours") shouldBe null
                    tool("memcslap", servers, "--test=set", "--concurrency=2", "--execute-number=200")
                    client.stats().getValue("curr_items").toInt() shouldBeGreaterThan 100
                    tool("memcflush", servers)
                    client.get("theirs") shouldBe null
                }
                folder.deleteRecursively()
            }
        }

        test("over several servers both find what the other has stored").config(enabledOrReasonIf = { toolsThere() }) {
            val all = List(3) { RealMemcached(isTcp = true) }
            val folder = Files.createTempDirectory("uring-libmemcached").toFile()
            val files = List(40) { folder.resolve("file$it").apply { writeText("content $it") } }
            val servers = "--servers=${all.joinToString(",") { it.address }}"
            withUring {
                // What the tools do unless they are told otherwise.
                memcachePool(*all.map { it.address }.toTypedArray()) {
                    copy(distribution = Distribution.MODULA, hash = KeyHash.ONE_AT_A_TIME)
                }.use { pool ->
                    tool("memccp", servers, *files.map { it.path }.toTypedArray())
                    pool.getAll(files.map { it.name }).values shouldContainExactlyInAnyOrder List(40) { "content $it" }
                    pool.servers().count { it.stats().getValue("curr_items") != "0" } shouldBe 3
                    repeat(40) { pool.set("ours$it", "value $it") }
                    val read = tool("memccat", servers, *Array(40) { "ours$it" })
                    read.lines().filter { it.isNotBlank() } shouldContainExactlyInAnyOrder List(40) { "value $it" }
                }
            }
            all.forEach { it.close() }
            folder.deleteRecursively()
        }
    })

private suspend fun tool(vararg command: String): String = withContext(Dispatchers.IO) { runTool(*command) }
