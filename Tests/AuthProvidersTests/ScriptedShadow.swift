import AuthProviders
import Authentication
import CCrypt
import Testing

func account(_ name: String) throws -> AccountName { try #require(AccountName(name)) }

/// A shadow database of these entries, or of this failure.
struct ScriptedShadow: ShadowDatabase {
    var entries: [String: String] = [:]
    var failure: ShadowFailure?

    func hash(of account: AccountName) throws(ShadowFailure) -> Secret? {
        if let failure { throw failure }
        guard let entry = entries[account.text] else { return nil }
        return Secret(copying: Array(entry.utf8).span)
    }
}

/// Makes a hash as passwd(1) would, at the least cost of the method.
func newHash(_ password: [UInt8], prefix: String, cost: UInt) throws -> String {
    let phrase = password.map { CChar(bitPattern: $0) } + [0]
    var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    let made = unsafe crypt_gensalt_rn(prefix, cost, nil, 0, &setting, CRYPT_GENSALT_OUTPUT_SIZE)
    try #require(unsafe made != nil)
    let size = MemoryLayout<crypt_data>.size
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { unsafe scratch.deallocate() }
    unsafe scratch.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    let hash = unsafe crypt_rn(phrase, setting, scratch, Int32(size))
    return unsafe String(cString: try #require(unsafe hash))
}
