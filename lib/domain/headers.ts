/** The headers of a request without the restriction that a gateway put on the rows of one collection: others have other fields. */
export function withoutRowRestriction (headers: Readonly<Record<string, string>>): Record<string, string> {
  const { acl_rows: _restriction, ...others } = headers
  return others
}
