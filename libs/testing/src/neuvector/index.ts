export { NeuvectorController, type NeuvectorMisbehaviour, type NeuvectorRequest } from './controller.js';
