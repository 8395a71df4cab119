package dev.uring.memcache.routing

import dev.uring.client.routing.KeyHash
import java.lang.foreign.Arena
import java.lang.foreign.FunctionDescriptor
import java.lang.foreign.Linker
import java.lang.foreign.MemorySegment
import java.lang.foreign.SymbolLookup
import java.lang.foreign.ValueLayout
import java.lang.invoke.MethodHandle

/** The C library that everybody's distribution is measured with, called directly: it needs no servers for that. */
internal class Libmemcached(
    nodes: List<Node>,
    behaviorOrNull: Int?,
) : AutoCloseable {
    private val arena = Arena.ofConfined()
    private val client = CREATE.call(MemorySegment.NULL) as MemorySegment
    private val key = arena.allocate(300)

    init {
        // Set before the servers are added: the continuum is made as they are.
        behaviorOrNull?.let { check(BEHAVIOR_SET.call(client, it, 1L) as Int == 0) }
        for (node in nodes) {
            val added = ADD.call(client, arena.allocateFrom(node.host()), node.port().toShort(), node.weight())
            check(added as Int == 0) { "memcached_server_add_with_weight: $added" }
        }
    }

    fun nodeOf(bytes: ByteArray): Int {
        MemorySegment.copy(bytes, 0, key, ValueLayout.JAVA_BYTE, 0, bytes.size)
        return GENERATE_HASH.call(client, key, bytes.size.toLong()) as Int
    }

    override fun close() {
        FREE.call(client)
        arena.close()
    }

    companion object {
        /** MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED. */
        const val KETAMA_WEIGHTED = 16

        private val library = library("libmemcached.so.11")
        private val hashes = library("libhashkit.so.2")
        val isThere: Boolean get() = library != null && hashes != null

        private val ADDRESS = ValueLayout.ADDRESS
        private val INT = ValueLayout.JAVA_INT
        private val LONG = ValueLayout.JAVA_LONG

        private val CREATE by lazy { library.function("memcached_create", FunctionDescriptor.of(ADDRESS, ADDRESS)) }
        private val FREE by lazy { library.function("memcached_free", FunctionDescriptor.ofVoid(ADDRESS)) }
        private val BEHAVIOR_SET by lazy {
            library.function("memcached_behavior_set", FunctionDescriptor.of(INT, ADDRESS, INT, LONG))
        }
        private val ADD by lazy {
            library.function(
                "memcached_server_add_with_weight",
                FunctionDescriptor.of(INT, ADDRESS, ADDRESS, ValueLayout.JAVA_SHORT, INT),
            )
        }
        private val GENERATE_HASH by lazy {
            library.function("memcached_generate_hash", FunctionDescriptor.of(INT, ADDRESS, ADDRESS, LONG))
        }
        private val HASHES by lazy {
            KeyHash.entries.associateWith {
                hashes.function("libhashkit_${it.name.lowercase()}", FunctionDescriptor.of(INT, ADDRESS, LONG))
            }
        }

        fun hash(
            hash: KeyHash,
            key: ByteArray,
        ): Long =
            Arena.ofConfined().use { arena ->
                val bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, *key)
                Integer.toUnsignedLong(HASHES.getValue(hash).call(bytes, key.size.toLong()) as Int)
            }

        private fun library(name: String) = runCatching { SymbolLookup.libraryLookup(name, Arena.global()) }.getOrNull()

        private fun SymbolLookup?.function(
            name: String,
            descriptor: FunctionDescriptor,
        ): MethodHandle = Linker.nativeLinker().downcallHandle(this!!.find(name).orElseThrow(), descriptor)

        private fun MethodHandle.call(vararg arguments: Any?): Any? = invokeWithArguments(*arguments)
    }
}
