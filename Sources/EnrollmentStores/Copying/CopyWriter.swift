internal import Authentication

/// What a walk through the rows of two stores writes to.
protocol CopyWriter: CopySide {
    /// Removes rows and puts others in, which may be there already, in one transaction that is on disk when it returns.
    func change(_ table: CopiedTable, removing keys: [[CopiedValue]], putting rows: [CopiedRow]) throws(StoreFailure)
}
