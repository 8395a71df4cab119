/**
 * Names to addresses without a blocked worker: a stub resolver on the library's own UDP and TCP.
 *
 * <p><b>What lives here.</b> {@code Resolver} with its {@code ResolverConfig},
 * {@code ResolverStats} and {@code NameResolutionException}; {@code DnsOverTls},
 * {@code ServiceRecord} and {@code AddressFamily}. Behind them, one for each worker:
 * {@code WorkerResolver} (what is under way), {@code AnswerCache}, {@code SettingsSource} (the
 * files), and for each question a {@code Lookup} (servers, repetition, aliases) over
 * {@code Exchange} (one server, UDP and TCP) and {@code TlsExchange} (one server, one connection
 * for all questions). Without input or output: {@code ResolvConf}, {@code HostsFile},
 * {@code HostName}, {@code Query} and {@code MessageCodec}, the only one that knows dnsjava.
 *
 * <p><b>Why not the JDK's.</b> {@code InetAddress.getByName} blocks its thread for as long as a
 * server is silent; on a worker that is every connection of a core. On a pool of threads it is a
 * pool that one silent server fills. It knows neither SRV nor the TTL of an answer either.
 *
 * <p><b>May import.</b> {@code dev.uring}, {@code net}, {@code socket}, {@code worker},
 * {@code bytes}, {@code base} of the core; {@code dev.uring.dsl}; kotlinx.coroutines; the message
 * classes of dnsjava, in {@code MessageCodec}.
 *
 * <p><b>Threads.</b> Everything belongs to the worker it was made on, except {@code Resolver},
 * which any thread may call, and the reading of files, which is done beside the workers.
 *
 * <p><b>Who owns memory.</b> Answers are copied out of the receive buffer and are objects then.
 *
 * <p><b>Read next.</b> {@code WorkerResolver.addresses}, then {@code Lookup.run}.
 */
package dev.uring.dns;
