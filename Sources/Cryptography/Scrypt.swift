internal import COpenSSL

/// scrypt (RFC 7914): makes keys of what people choose, at a price in memory and time.
package struct Scrypt: Equatable, Sendable {
    /// `N`, a power of two: how often, and how much memory (128 times this times the block size, in bytes).
    package let cost: UInt64
    /// `r`.
    package let blockSize: UInt64
    /// `p`.
    package let parallelization: UInt64

    /// What libcrypto refuses (more than 32 MiB among others) throws only when it is used.
    package init(cost: UInt64, blockSize: UInt64, parallelization: UInt64) {
        self.cost = cost
        self.blockSize = blockSize
        self.parallelization = parallelization
    }

    /// Fills `key`; libcrypto overwrites what it needed for it.
    package func derive(
        _ password: Span<UInt8>, salt: Span<UInt8>, into key: inout MutableSpan<UInt8>
    ) throws(CryptographyFailure) {
        let done = unsafe key.withUnsafeMutableBufferPointer { key in
            unsafe password.withUnsafeBytes { password in
                unsafe salt.withUnsafeBufferPointer { salt in
                    unsafe EVP_PBE_scrypt(
                        password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt.baseAddress,
                        salt.count, cost, blockSize, parallelization, 0, key.baseAddress, key.count)
                }
            }
        }
        guard done == 1 else { throw .refused("scrypt") }
    }
}
