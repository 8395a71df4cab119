package dev.uring.buffer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.ValueLayout
import java.util.concurrent.CompletableFuture

class BlockLeaseTest :
    FunSpec({
        test("what is put into a lease lies in its block, in order") {
            withPool { pool ->
                val lease = pool.lease(300)
                lease.capacity() shouldBe 512
                lease.putAscii("ab").putInt(0x63646566)
                lease.room().set(ValueLayout.JAVA_BYTE, 0, 'g'.code.toByte())
                lease.advance(1)
                lease.size() shouldBe 7
                lease.room().byteSize() shouldBe 505
                val block = lease.handOver(pool)
                String(block.bytes(7)) shouldBe "abcdefg"
                block.release()
            }
        }

        test("a lease that was handed over or closed refuses every use and says why") {
            for ((end, how) in listOf<Pair<(BlockLease, BlockPool) -> Unit, String>>(
                { lease: BlockLease, pool: BlockPool -> lease.handOver(pool).release() } to "handed over",
                { lease: BlockLease, _: BlockPool -> lease.close() } to "closed",
            )) {
                withPool { pool ->
                    val lease = pool.lease(100)
                    end(lease, pool)
                    lease.isHeld shouldBe false
                    for (use in listOf<() -> Unit>(
                        { lease.putByte(1) },
                        { lease.putBytes(ByteArray(9)) },
                        { lease.size() },
                        { lease.capacity() },
                        { lease.room() },
                        { lease.advance(0) },
                        { lease.handOver(pool) },
                    )) {
                        shouldThrow<IllegalStateException> { use() }.message shouldBe
                            """
                            lease used after it was $how.
                              Its memory is not the program's any more. Call take(bytes) for other memory.
                            """.trimIndent()
                    }
                    lease.close()
                    lease.take(100).putByte(7).let { lease.size() } shouldBe 1
                    lease.close()
                }
            }
        }

        test("a lease holds one block until it is handed over or closed, and the pool counts it") {
            withPool { pool ->
                val lease = pool.lease(1000)
                pool.blocksHeldCount() shouldBe 1
                shouldThrow<IllegalStateException> { lease.take(1000) }.message shouldBe
                    "lease of 1024 bytes is still held; hand it over or close it before taking another block"
                pool.blocksHeldCount() shouldBe 1
                lease.close()
                lease.close()
                pool.blocksHeldCount() shouldBe 0
                shouldThrow<IllegalArgumentException> { lease.take(-1) }
                pool.blocksHeldCount() shouldBe 0
            }
        }

        test("a full lease says how full it is, and keeps what fits") {
            withPool { pool ->
                val lease = pool.lease(256)
                lease.putBytes(ByteArray(250))
                shouldThrow<IndexOutOfBoundsException> { lease.putLong(1) }.message shouldBe
                    "lease is full: capacity=256 bytes, written=250 bytes, wanted=8 more bytes"
                shouldThrow<IndexOutOfBoundsException> { lease.advance(7) }.message shouldBe
                    "advanced by 7 bytes, but the lease has room for 6"
                shouldThrow<IndexOutOfBoundsException> { lease.advance(-1) }
                lease.size() shouldBe 250
                lease.close()
            }
        }

        test("another worker's pool and another thread are refused, and the lease stays held") {
            withPool { pool ->
                withPool { other ->
                    val lease = pool.lease(256)
                    shouldThrow<IllegalStateException> { lease.handOver(other) }
                    CompletableFuture
                        .supplyAsync { runCatching { lease.close() }.exceptionOrNull()!!::class }
                        .join() shouldBe WrongThreadException::class
                    pool.blocksHeldCount() shouldBe 1
                    lease.close()
                }
            }
        }
    })

private fun withPool(block: (BlockPool) -> Unit) =
    BlockPool(16L shl 20).use {
        block(it)
        it.blocksHeldCount() shouldBe 0
    }

private fun Block.bytes(count: Int): ByteArray =
    memory().asSlice(offset(), count.toLong()).toArray(ValueLayout.JAVA_BYTE)
