/** What the name of a model looks like, in a room and in the settings of a vendor's adapter: without a vendor's prefix. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;
