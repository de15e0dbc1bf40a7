/**
 * @module
 * Typed search attributes of the engine workflows, for the Temporal web UI and `temporal workflow list`.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

export const ENGINE_STATE = defineSearchAttributeKey('EngineState', SearchAttributeType.KEYWORD)
export const FORWARDED = defineSearchAttributeKey('Forwarded', SearchAttributeType.BOOL)
export const CONTAINER_ID = defineSearchAttributeKey('ContainerId', SearchAttributeType.KEYWORD)
export const LEASE_EPOCH = defineSearchAttributeKey('LeaseEpoch', SearchAttributeType.INT)
export const POOL = defineSearchAttributeKey('Pool', SearchAttributeType.KEYWORD)

/** All of them, to be registered in a namespace before any worker polls. */
export const SEARCH_ATTRIBUTES = [ENGINE_STATE, FORWARDED, CONTAINER_ID, LEASE_EPOCH, POOL]
