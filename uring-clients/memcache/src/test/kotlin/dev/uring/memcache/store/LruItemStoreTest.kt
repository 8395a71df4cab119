package dev.uring.memcache.store

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class LruItemStoreTest :
    FunSpec({
        fun item(
            key: String,
            bytes: Int = 1,
            expiresAt: Long = Item.NEVER,
        ) = Item(key, ByteArray(bytes), 0, expiresAt)

        test("an item is gone for every reader from its second on") {
            val store = LruItemStore(10_000)
            store.put(item("k", expiresAt = 100)) shouldBe true
            store.find("k", 99)!!.key() shouldBe "k"
            store.find("k", 100) shouldBe null
            store.count() shouldBe 0
            store.sizeBytes() shouldBe 0
        }

        test("an item that is larger than the store is refused, and takes what was there with it") {
            val store = LruItemStore(1000)
            store.put(item("k")) shouldBe true
            store.put(item("k", 1000)) shouldBe false
            store.find("k", 0) shouldBe null
            store.sizeBytes() shouldBe 0
        }

        test("random changes: memory stays within its bound, and what was used last is there") {
            val seed = System.nanoTime()
            withClue({ "seed=$seed" }) {
                val random = Random(seed)
                val store = LruItemStore(5000)
                repeat(20_000) {
                    val key = "k${random.nextInt(50)}"
                    when (random.nextInt(4)) {
                        0 -> {
                            store.remove(key)
                        }

                        1 -> {
                            // As a service does: the item that is there gets another value.
                            store.find(key, 0)?.let { present ->
                                present.value = ByteArray(random.nextInt(300))
                                store.put(present) shouldBe true
                            }
                        }

                        else -> {
                            store.put(item(key, random.nextInt(300))) shouldBe true
                            store.find(key, 0)!!.key() shouldBe key
                        }
                    }
                    store.sizeBytes() shouldBeLessThanOrEqual 5000
                }
                val left = (0 until 50).mapNotNull { store.find("k$it", 0) }
                left.size shouldBe store.count()
                left.sumOf { it.sizeBytes() } shouldBe store.sizeBytes()
                store.clear()
                store.count() shouldBe 0
            }
        }
    })
