/** What actions are made with. */
export interface ActionDeps {
  /** Names of the clusters that actions can reach. */
  clusters: readonly string[];
}
