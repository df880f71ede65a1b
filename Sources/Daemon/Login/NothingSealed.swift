import Authentication

/// Opens nothing: a rehearsal looks at no secret.
struct NothingSealed: SecretSealing {
    func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
        throw .unreachable("nothing is sealed here")
    }

    func isCurrent(_ sealed: [UInt8]) -> Bool { false }

    func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
        throw .unreachable("nothing is opened here")
    }
}
